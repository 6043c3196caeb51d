import { expect, test } from "vitest";
import { systemFailure } from "./system-failure.js";

const env = { HOME: "/home/ann", XDG_STATE_HOME: "/home/bob/.state" };
const failure = (fields: object): Error => Object.assign(new Error("as Node words it"), fields);

test.each<[string, object, string, string]>([
  [
    "another user's folder that su kept",
    { code: "EACCES", syscall: "mkdir", path: "/home/bob/.state/parley" },
    "path_unusable",
    "/home/bob/.state/parley cannot be used by this user; XDG_STATE_HOME leads there: give this user the right to it, or type `unset XDG_STATE_HOME` if it is another user's (EACCES).",
  ],
  [
    "a folder of the home",
    { code: "EPERM", syscall: "open", path: "/home/ann/x" },
    "path_unusable",
    "/home/ann/x cannot be used by this user; give this user the right to it, or set HOME to a folder of this user (EPERM).",
  ],
  [
    "a read-only file system",
    { code: "EROFS", syscall: "open", path: "/mnt/x" },
    "path_unusable",
    "/mnt/x lies on a read-only file system; name another path (EROFS).",
  ],
  [
    "a code that is not listed",
    { code: "ETXTBSY", syscall: "open", path: "/mnt/x" },
    "path_unusable",
    "/mnt/x cannot be used by this user; give this user the right to it, or name another path (ETXTBSY).",
  ],
  [
    "a removed working directory",
    { code: "ENOENT", syscall: "uv_cwd" },
    "path_unusable",
    "The working directory no longer exists; change to another one.",
  ],
  [
    "a taken port",
    { code: "EADDRINUSE", syscall: "listen", address: "127.0.0.1", port: 80 },
    "address_unavailable",
    "127.0.0.1:80 is taken by another program; choose another `port` in [server], or 0 for any free one (EADDRINUSE).",
  ],
  [
    "a name without an address",
    { code: "ENOTFOUND", syscall: "getaddrinfo", hostname: "a.invalid" },
    "address_unavailable",
    "a.invalid is not a name that this machine resolves; choose another `host` in [server] (ENOTFOUND).",
  ],
  [
    "too many open files, whatever the call",
    { code: "EMFILE", syscall: "spawn /usr/bin/node", path: "/usr/bin/node" },
    "system_limit",
    "This process may open no more files; allow more, for example with `ulimit -n 1024` (EMFILE).",
  ],
  [
    "a full disk without a path",
    { code: "ENOSPC", syscall: "write" },
    "storage_unavailable",
    "write: the disk is full; free some space (ENOSPC).",
  ],
])("[daemon.typed-failures] %s is named with what to do", (_, fields, code, message) => {
  expect(systemFailure(failure(fields), env)).toEqual({ code, message });
  expect(systemFailure(new Error("outer", { cause: failure(fields) }), env)).toEqual({ code, message });
});

test("[daemon.typed-failures] an error that the system did not report is not explained", () => {
  for (const error of [
    new Error("bug"),
    failure({ code: "ERR_ASSERTION" }),
    failure({ syscall: "x" }),
    "text",
    undefined,
  ])
    expect(systemFailure(error, env)).toBeUndefined();
});
