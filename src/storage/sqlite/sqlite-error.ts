import { BackendError, type BackendErrorCode } from "../../kernel/backend.js";

/** SQLite's extended result codes that we name; the low byte is the primary code. */
export const resultCode = {
  busy: 5,
  readonly: 8,
  ioerr: 10,
  ioerrFsync: 1034,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  notadb: 26,
} as const;

/** The extended result code of an error of `node:sqlite`, 0 for any other. */
export function resultCodeOf(error: unknown): number {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === "number" ? code : 0;
}

/** What went wrong, as the port's callers know it, with what to do about it. */
export function toBackendError(error: unknown, path: string): BackendError {
  if (error instanceof BackendError) return error;
  const [code, advice] = explain(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new BackendError(code, `${path}: ${reason}. ${advice}`, { cause: error });
}

function explain(error: unknown): [BackendErrorCode, string] {
  switch (resultCodeOf(error) & 0xff) {
    case resultCode.full:
      return ["full", "Free some disk space; no restart is needed."];
    case resultCode.readonly:
      return ["read_only", "Make the file and its folder writable for this user; no restart is needed."];
    case resultCode.corrupt:
    case resultCode.notadb:
      return [
        "corrupt",
        "The file was left as it is: restore it from a backup, or move it away to start empty.",
      ];
    case resultCode.busy:
      return ["io", "Another program holds a lock on the file: close it."];
  }
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case "ENOSPC":
    case "EDQUOT":
      return ["full", "Free some disk space."];
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return ["read_only", "Make the file and its folder writable for this user."];
  }
  return ["io", "Check the disk and the file's permissions."];
}
