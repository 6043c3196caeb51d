/**
 * How Node is started for the daemon. Left alone, V8 lets the young generation grow to 128 MiB under load and the old one
 * to several times what is alive in it: together more than the daemon may use. So a half of the young generation has at
 * most 8 MiB, and the old one is collected when it is half as large again as what was alive.
 */
export const daemonNodeFlags: readonly string[] = ["--max-semi-space-size=8", "--heap-growing-percent=50"];
