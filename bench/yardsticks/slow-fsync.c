/* Loaded with LD_PRELOAD: every fsync and fdatasync takes 2 ms longer, as on a consumer disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static void delay(void) {
  struct timespec left = {0, 2000000};
  while (nanosleep(&left, &left) != 0) {
  }
}

int fsync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  delay();
  return real(file);
}

int fdatasync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  delay();
  return real(file);
}
