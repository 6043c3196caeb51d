import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes some of the bytes and says how many, as `fs.writeSync` does. */
export type Write = (fd: number, bytes: Uint8Array) => number;

/** Takes whole lines, each ending with a line feed; never throws, because a log that fails must not take its process along. */
export interface LogSink {
  write(line: string): void;
  /** Goes on in a new file of the same name, after somebody renamed the old one; of a descriptor nothing changes. Throws. */
  reopen(): void;
}

/**
 * Writes lines to a descriptor, or to a file (0600, made with its folder) that log rotation may move away. Synchronous,
 * so that a crash loses nothing. What cannot be written is counted, and told once writing works again.
 */
export function openLogSink(target: number | string, write: Write = writeSync): LogSink {
  const path = typeof target === "string" ? target : undefined;
  let fd = path === undefined ? (target as number) : openFile(path);
  let rest: Uint8Array | undefined;
  let lost = 0;
  let cause = "";

  /** Whether the bytes are written or their rest is kept: a line that was begun is ended before the next. */
  const put = (bytes: Uint8Array): boolean => {
    let done = 0;
    try {
      while (done < bytes.length) done += write(fd, bytes.subarray(done));
      rest = undefined;
      return true;
    } catch (error) {
      cause = (error as NodeJS.ErrnoException).code ?? String(error);
      if (done > 0) rest = bytes.slice(done);
      return done > 0;
    }
  };
  const endLine = (): boolean => rest === undefined || (put(rest) && rest === undefined);
  const tellLost = (): boolean => {
    if (lost === 0) return true;
    if (!put(Buffer.from(lostLine(lost, cause)))) return false;
    lost = 0;
    return rest === undefined;
  };

  return {
    write(line) {
      if (!endLine() || !tellLost() || !put(Buffer.from(line))) lost++;
    },
    reopen() {
      if (path === undefined) return;
      const next = openFile(path);
      // A line that the old file cannot take whole stays torn there: the new one begins with a whole line.
      if (!endLine()) rest = undefined;
      closeSync(fd);
      fd = next;
    },
  };
}

function openFile(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, "a", 0o600);
}

function lostLine(count: number, cause: string): string {
  const msg = "Log lines were lost: the log could not be written.";
  return `${JSON.stringify({ level: "warn", time: new Date().toISOString(), lost: count, cause, msg })}\n`;
}
