/** A failure that the operating system reported: an error code of the contract, what happened and what to do. */
export interface SystemFailure {
  code: "path_unusable" | "address_unavailable" | "system_limit" | "storage_unavailable";
  message: string;
}

/** Errors of the system, as Node throws them. */
interface SystemError extends NodeJS.ErrnoException {
  address?: string;
  hostname?: string;
  port?: number;
}

const limits: Readonly<Record<string, string>> = {
  EMFILE: "This process may open no more files; allow more, for example with `ulimit -n 1024`",
  ENFILE: "The system may open no more files; end other programs",
  ENOMEM: "There is no memory left; end other programs, or allow this one more",
  EAGAIN: "This user may start no more processes; end other programs, or allow more with `ulimit -u`",
};

const addresses: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken by another program; choose another `port` in [server], or 0 for any free one",
  EADDRNOTAVAIL: "is not an address of this machine; choose another `host` in [server]",
  ENOTFOUND: "is not a name that this machine resolves; choose another `host` in [server]",
  EAI_AGAIN: "cannot be resolved, because no name server answers; choose another `host` in [server]",
  EACCES: "needs more rights than this user has; choose a `port` above 1023 in [server]",
  EAFNOSUPPORT: "is of a kind that this machine does not have; choose another `host` in [server]",
};

const disks: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space",
  EDQUOT: "this user's quota is used up; free some space",
  EIO: "the disk reports an error; `parley doctor` shows more",
};

const paths: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "lies below a file; move that file away, or name another path",
  EEXIST: "is not a folder; move it away, or name another path",
  EISDIR: "is a folder; name a file",
  EROFS: "lies on a read-only file system; name another path",
  ENAMETOOLONG: "is longer than the system allows; name a shorter path",
  ELOOP: "leads through symbolic links without an end; name another path",
};

/** What the system reported, when it is the cause of this error; undefined for every other error. */
export function systemFailure(error: unknown, env = process.env): SystemFailure | undefined {
  const cause = systemErrorOf(error);
  if (cause?.code === undefined) return undefined;
  const { code, syscall, path } = cause;
  if (syscall === "uv_cwd")
    return {
      code: "path_unusable",
      message: "The working directory no longer exists; change to another one.",
    };
  if (["listen", "bind", "getaddrinfo"].includes(syscall) && addresses[code] !== undefined)
    return { code: "address_unavailable", message: `${addressOf(cause)} ${addresses[code]} (${code}).` };
  if (limits[code] !== undefined) return { code: "system_limit", message: `${limits[code]} (${code}).` };
  if (disks[code] !== undefined)
    return { code: "storage_unavailable", message: `${path ?? syscall}: ${disks[code]} (${code}).` };
  if (path === undefined) return undefined;
  const what = paths[code] ?? `cannot be used by this user; ${adviceAbout(path, env)}`;
  return { code: "path_unusable", message: `${path} ${what} (${code}).` };
}

/** What to do about a path without rights to it. A login through `su` keeps variables that name another user's folders. */
export function adviceAbout(path: string, env = process.env): string {
  const variables = ["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME"];
  const variable = variables.find(
    (name) => env[name] !== undefined && `${path}/`.startsWith(`${env[name]}/`),
  );
  if (variable === undefined) return "give this user the right to it, or name another path";
  if (variable === "HOME") return "give this user the right to it, or set HOME to a folder of this user";
  return `${variable} leads there: give this user the right to it, or type \`unset ${variable}\` if it is another user's`;
}

/** The error itself or the nearest one that it was caused by. */
function systemErrorOf(error: unknown): (SystemError & { syscall: string }) | undefined {
  for (let at = error; at instanceof Error; at = at.cause)
    if ("syscall" in at && typeof at.syscall === "string") return at as SystemError & { syscall: string };
  return undefined;
}

function addressOf({ address, hostname, port }: SystemError): string {
  const host = address ?? hostname ?? "the address";
  return port === undefined ? host : `${host}:${port}`;
}
