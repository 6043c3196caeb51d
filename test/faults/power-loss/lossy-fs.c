/*
 * A disk in memory that loses what was not synced when its power goes: `lossy-fs <mount point>`, in the foreground.
 *
 * Bytes and the size of a file become durable by fsync or fdatasync of it, names by fsync of their folder; nothing else
 * becomes durable, which is less than any journalling file system gives. A rename is one change, whole or not at all.
 * At a power cut each sector that was written but not synced is kept with a given chance, so that anything between
 * nothing and everything arrives, in any order and torn; of the unsynced changes of names a beginning is kept. From the
 * cut until `restore` every operation fails with EIO, and handles from before stay dead for good.
 *
 * The file `.power` in the root takes commands, one a write:
 *   arm <changes> <keep> <unit> <seed>  cut before the n-th changing operation from now; keep in thousandths, unit in bytes
 *   restore                             power is back: the disk has what was durable
 *   reset                               a new empty disk
 *   lie <0|1>                           syncs are answered and not done
 *   delay <microseconds>                how long a sync takes
 * Reading it gives the counters; at a cut, `cut` is printed.
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fuse.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { SECTOR = 512, NAMES = 256, CHANGES = 4096, PATH = 200 };

struct node {
    mode_t mode;
    char *live, *durable; /* both of `room` bytes, zero beyond their size */
    size_t size, durable_size, room;
    unsigned char *dirty; /* one for each sector */
    struct timespec changed;
    struct node *next;
};

struct tree {
    int count;
    struct { char path[PATH]; struct node *node; } names[NAMES];
};

/* One change of names: `node` NULL removes. Changes with one number are one. */
struct change { char path[PATH]; struct node *node; uint64_t number; };

struct handle { struct node *node; unsigned epoch; };

static struct tree live, durable;
static struct node *nodes;
static struct change pending[CHANGES];
static int pending_count;
static uint64_t change_number, armed, ops, syncs, cuts, kept, dropped, random_state;
static unsigned epoch, keep, unit, delay;
static int dead, lying;

static uint32_t next_random(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

static int find(const struct tree *tree, const char *path) {
    for (int i = 0; i < tree->count; i++)
        if (strcmp(tree->names[i].path, path) == 0) return i;
    return -1;
}

static void put(struct tree *tree, const char *path, struct node *node) {
    int at = find(tree, path);
    if (node == NULL) {
        if (at >= 0) tree->names[at] = tree->names[--tree->count];
        return;
    }
    if (at < 0) {
        if (tree->count == NAMES) abort();
        at = tree->count++;
        strcpy(tree->names[at].path, path);
    }
    tree->names[at].node = node;
}

static void change(const char *path, struct node *node, uint64_t number) {
    put(&live, path, node);
    if (pending_count == CHANGES) abort();
    strcpy(pending[pending_count].path, path);
    pending[pending_count].node = node;
    pending[pending_count++].number = number;
}

static struct node *make(mode_t mode) {
    struct node *node = calloc(1, sizeof *node);
    node->mode = mode;
    clock_gettime(CLOCK_REALTIME, &node->changed);
    node->next = nodes;
    return nodes = node;
}

static void grow(struct node *node, size_t size) {
    if (size <= node->room) return;
    size_t room = (size + 65535) / 65536 * 65536;
    if (room < node->room * 2) room = node->room * 2;
    node->live = realloc(node->live, room);
    node->durable = realloc(node->durable, room);
    node->dirty = realloc(node->dirty, room / SECTOR);
    memset(node->live + node->room, 0, room - node->room);
    memset(node->durable + node->room, 0, room - node->room);
    memset(node->dirty + node->room / SECTOR, 0, (room - node->room) / SECTOR);
    node->room = room;
}

static void mark(struct node *node, size_t from, size_t to) {
    if (to > from) memset(node->dirty + from / SECTOR, 1, (to - 1) / SECTOR - from / SECTOR + 1);
    clock_gettime(CLOCK_REALTIME, &node->changed);
}

static void resize(struct node *node, size_t size) {
    grow(node, size);
    if (size < node->size) memset(node->live + size, 0, node->size - size);
    mark(node, size < node->size ? size : node->size, size < node->size ? node->size : size);
    node->size = size;
}

static void sync_node(struct node *node) {
    for (size_t s = 0; s < node->room / SECTOR; s++)
        if (node->dirty[s]) memcpy(node->durable + s * SECTOR, node->live + s * SECTOR, SECTOR);
    memset(node->dirty, 0, node->room / SECTOR);
    node->durable_size = node->size;
}

static int in_folder(const char *path, const char *folder) {
    size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/' && strchr(path + length + 1, '/') == NULL;
}

static void sync_folder(const char *folder) {
    uint64_t through[CHANGES];
    int groups = 0, left = 0;
    for (int i = 0; i < pending_count; i++)
        if (in_folder(pending[i].path, folder)) through[groups++] = pending[i].number;
    for (int i = 0; i < pending_count; i++) {
        int due = 0;
        for (int g = 0; g < groups; g++) due |= through[g] == pending[i].number;
        if (due) put(&durable, pending[i].path, pending[i].node);
        else pending[left++] = pending[i];
    }
    pending_count = left;
}

/* What a write under way left: each unit of unsynced sectors arrived or not. */
static void lose(struct node *node) {
    size_t step = unit / SECTOR, sectors = node->room / SECTOR, end = node->durable_size;
    if (node->size < end && next_random() % 1000 < keep) end = node->size;
    for (size_t s = 0; s < sectors; s += step) {
        int arrives = next_random() % 1000 < keep;
        for (size_t i = s; i < s + step && i < sectors; i++) {
            if (!node->dirty[i]) continue;
            arrives ? kept++ : dropped++;
            size_t to = (i + 1) * SECTOR < node->size ? (i + 1) * SECTOR : node->size;
            if (!arrives || i * SECTOR >= to) continue;
            memcpy(node->durable + i * SECTOR, node->live + i * SECTOR, SECTOR);
            if (to > end) end = to;
        }
    }
    node->durable_size = end;
    if (node->room > 0) memset(node->durable + end, 0, node->room - end);
}

static void cut(void) {
    for (struct node *node = nodes; node; node = node->next) {
        lose(node);
        if (node->room > 0) memcpy(node->live, node->durable, node->room);
        if (node->room > 0) memset(node->dirty, 0, node->room / SECTOR);
        node->size = node->durable_size;
    }
    uint64_t stay = keep == 0 || pending_count == 0 ? 0 : pending[next_random() % pending_count].number;
    for (int i = 0; i < pending_count && pending[i].number < stay; i++)
        put(&durable, pending[i].path, pending[i].node);
    pending_count = 0;
    live = durable;
    dead = 1;
    cuts++;
    epoch++;
    puts("cut");
    fflush(stdout);
}

/* Before every operation that changes something or makes it durable. */
static int changing(void) {
    ops++;
    if (armed > 0 && --armed == 0) cut();
    return dead ? -EIO : 0;
}

static int is_control(const char *path) { return path && strcmp(path, "/.power") == 0; }

static int command(const char *text) {
    unsigned long long count, seed;
    if (sscanf(text, "arm %llu %u %u %llu", &count, &keep, &unit, &seed) == 4 && unit >= SECTOR) {
        armed = count;
        random_state = seed;
    } else if (strncmp(text, "restore", 7) == 0) {
        dead = 0;
        armed = 0;
    } else if (strncmp(text, "reset", 5) == 0) {
        dead = 0;
        armed = 0;
        epoch++;
        pending_count = live.count = durable.count = 0;
        while (nodes) {
            struct node *node = nodes;
            nodes = node->next;
            free(node->live);
            free(node->durable);
            free(node->dirty);
            free(node);
        }
    } else if (sscanf(text, "lie %d", &lying) != 1 && sscanf(text, "delay %u", &delay) != 1) {
        return -EINVAL;
    }
    return 0;
}

static struct node *at(const char *path) {
    int found = find(&live, path);
    return found < 0 ? NULL : live.names[found].node;
}

static struct node *of(const struct fuse_file_info *info) {
    const struct handle *handle = (const struct handle *)(uintptr_t)info->fh;
    return handle && handle->epoch == epoch && !dead ? handle->node : NULL;
}

static int fs_getattr(const char *path, struct stat *stat, struct fuse_file_info *info) {
    memset(stat, 0, sizeof *stat);
    stat->st_nlink = 1;
    if (is_control(path)) {
        stat->st_mode = S_IFREG | 0600;
        return 0;
    }
    if (dead) return -EIO;
    if (path && strcmp(path, "/") == 0) {
        stat->st_mode = S_IFDIR | 0700;
        return 0;
    }
    struct node *node = path ? at(path) : of(info);
    if (node == NULL) return path ? -ENOENT : -EIO;
    stat->st_mode = node->mode;
    stat->st_size = (off_t)node->size;
    stat->st_blocks = (blkcnt_t)(node->size / SECTOR + 1);
    stat->st_mtim = stat->st_ctim = node->changed;
    return 0;
}

/* An open folder is its path: the library gives none for what is open. */
static int fs_opendir(const char *path, struct fuse_file_info *info) {
    info->fh = (uint64_t)(uintptr_t)strdup(path);
    return dead ? -EIO : 0;
}

static int fs_releasedir(const char *path, struct fuse_file_info *info) {
    (void)path;
    free((char *)(uintptr_t)info->fh);
    return 0;
}

static int fs_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                      struct fuse_file_info *info, enum fuse_readdir_flags flags) {
    (void)path, (void)offset, (void)flags;
    if (dead) return -EIO;
    for (int i = 0; i < live.count; i++)
        if (in_folder(live.names[i].path, (const char *)(uintptr_t)info->fh))
            fill(buffer, strrchr(live.names[i].path, '/') + 1, NULL, 0, 0);
    return 0;
}

static void open_node(struct node *node, struct fuse_file_info *info) {
    struct handle *handle = malloc(sizeof *handle);
    *handle = (struct handle){node, epoch};
    info->fh = (uint64_t)(uintptr_t)handle;
}

static int fs_open(const char *path, struct fuse_file_info *info) {
    info->fh = 0; /* no node: the control file */
    if (is_control(path)) {
        info->direct_io = 1;
        return 0;
    }
    if (dead) return -EIO;
    struct node *node = at(path);
    if (node == NULL) return -ENOENT;
    if (info->flags & O_TRUNC) {
        if (changing() < 0) return -EIO;
        resize(node, 0);
    }
    open_node(node, info);
    return 0;
}

static int fs_create(const char *path, mode_t mode, struct fuse_file_info *info) {
    if (strlen(path) >= PATH) return -ENAMETOOLONG;
    if (changing() < 0) return -EIO;
    struct node *node = make(S_IFREG | (mode & 07777));
    change(path, node, ++change_number);
    open_node(node, info);
    return 0;
}

static int fs_release(const char *path, struct fuse_file_info *info) {
    (void)path;
    free((struct handle *)(uintptr_t)info->fh);
    return 0;
}

static int fs_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)path;
    if (info->fh == 0) {
        char text[256];
        int length = snprintf(text, sizeof text,
            "{\"ops\":%" PRIu64 ",\"syncs\":%" PRIu64 ",\"cuts\":%" PRIu64 ",\"kept\":%" PRIu64
            ",\"dropped\":%" PRIu64 "}\n", ops, syncs, cuts, kept, dropped);
        if (offset >= length) return 0;
        size_t rest = (size_t)(length - offset);
        memcpy(buffer, text + offset, rest < size ? rest : size);
        return (int)(rest < size ? rest : size);
    }
    struct node *node = of(info);
    if (node == NULL) return -EIO;
    if ((size_t)offset >= node->size) return 0;
    size_t rest = node->size - (size_t)offset;
    memcpy(buffer, node->live + offset, rest < size ? rest : size);
    return (int)(rest < size ? rest : size);
}

static int fs_write(const char *path, const char *data, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)path;
    if (info->fh == 0) {
        char text[256];
        size_t length = size < sizeof text - 1 ? size : sizeof text - 1;
        memcpy(text, data, length);
        text[length] = 0;
        int result = command(text);
        return result < 0 ? result : (int)size;
    }
    if (changing() < 0) return -EIO;
    struct node *node = of(info);
    if (node == NULL) return -EIO;
    size_t end = (size_t)offset + size;
    if (end > node->size) resize(node, end);
    memcpy(node->live + offset, data, size);
    mark(node, (size_t)offset, end);
    return (int)size;
}

static int fs_truncate(const char *path, off_t size, struct fuse_file_info *info) {
    if (is_control(path)) return 0;
    if (changing() < 0) return -EIO;
    struct node *node = info ? of(info) : at(path);
    if (node == NULL) return -EIO;
    resize(node, (size_t)size);
    return 0;
}

static int fs_fsync(const char *path, int data_only, struct fuse_file_info *info) {
    (void)path, (void)data_only;
    if (info->fh == 0) return 0;
    if (delay > 0) usleep(delay);
    if (changing() < 0) return -EIO;
    struct node *node = of(info);
    if (node == NULL) return -EIO;
    syncs++;
    if (!lying) sync_node(node);
    return 0;
}

static int fs_fsyncdir(const char *path, int data_only, struct fuse_file_info *info) {
    (void)path, (void)data_only;
    if (changing() < 0) return -EIO;
    syncs++;
    if (!lying) sync_folder((const char *)(uintptr_t)info->fh);
    return 0;
}

static int fs_mkdir(const char *path, mode_t mode) {
    if (strlen(path) >= PATH) return -ENAMETOOLONG;
    if (changing() < 0) return -EIO;
    change(path, make(S_IFDIR | (mode & 07777)), ++change_number);
    return 0;
}

static int fs_unlink(const char *path) {
    if (changing() < 0) return -EIO;
    if (at(path) == NULL) return -ENOENT;
    change(path, NULL, ++change_number);
    return 0;
}

static int fs_rename(const char *from, const char *to, unsigned flags) {
    if (flags != 0 || strlen(to) >= PATH) return -EINVAL;
    if (changing() < 0) return -EIO;
    struct node *node = at(from);
    if (node == NULL) return -ENOENT;
    if (S_ISDIR(node->mode)) return -ENOTSUP;
    ++change_number;
    change(to, node, change_number);
    change(from, NULL, change_number);
    return 0;
}

static int fs_chmod(const char *path, mode_t mode, struct fuse_file_info *info) {
    struct node *node = info ? of(info) : at(path);
    if (node == NULL) return dead ? -EIO : -ENOENT;
    node->mode = (node->mode & S_IFMT) | (mode & 07777);
    return 0;
}

static int fs_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *info) {
    (void)path, (void)times, (void)info;
    return dead ? -EIO : 0;
}

static void *fs_init(struct fuse_conn_info *connection, struct fuse_config *config) {
    (void)connection;
    /* Nothing that the kernel remembers may outlive a cut. */
    config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
    config->hard_remove = 1;
    config->nullpath_ok = 1;
    puts("mounted");
    fflush(stdout);
    return NULL;
}

static const struct fuse_operations operations = {
    .init = fs_init, .getattr = fs_getattr, .opendir = fs_opendir, .releasedir = fs_releasedir,
    .readdir = fs_readdir, .open = fs_open, .create = fs_create,
    .release = fs_release, .read = fs_read, .write = fs_write, .truncate = fs_truncate, .fsync = fs_fsync,
    .fsyncdir = fs_fsyncdir, .mkdir = fs_mkdir, .unlink = fs_unlink, .rmdir = fs_unlink, .rename = fs_rename,
    .chmod = fs_chmod, .utimens = fs_utimens,
};

int main(int count, char **arguments) {
    if (count != 2) return 2;
    /* A disk without its test serves nobody. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    char *all[] = {arguments[0], "-f", "-s", "-o", "fsname=lossy-fs", arguments[1], NULL};
    return fuse_main(6, all, &operations, NULL);
}
