import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const chunkBytes = 65_536;
const lookEveryMs = 250;
const newline = 0x0a;

/** A position in one file, which keeps its identity when the file is renamed. */
export interface LogPosition {
  inode: number | undefined;
  offset: number;
}

export interface LogEnd {
  /** The last whole lines; none when the file is missing. */
  lines: string[];
  /** What follows them: a line that is not written whole, usually empty. */
  rest: string;
  /** Before the rest. */
  end: LogPosition;
}

/** Reads from the end of the file only as much as is needed. */
export function lastLines(path: string, count: number): LogEnd {
  const fd = openIfThere(path);
  if (fd === undefined) return { lines: [], rest: "", end: { inode: undefined, offset: 0 } };
  try {
    const { size, ino } = fstatSync(fd);
    const chunks: Buffer[] = [];
    let start = size;
    // One line feed more than lines are wanted: the one before the first.
    for (let found = 0; start > 0 && found <= count; found += feeds(chunks[0]!)) {
      const bytes = Math.min(chunkBytes, start);
      start -= bytes;
      chunks.unshift(readAt(fd, start, bytes));
    }
    const text = Buffer.concat(chunks);
    const whole = text.lastIndexOf(newline) + 1;
    const lines = text.toString("utf8", 0, whole).split("\n").slice(0, -1);
    return {
      lines: count === 0 ? [] : lines.slice(-count),
      rest: text.toString("utf8", whole),
      end: { inode: ino, offset: start + whole },
    };
  } finally {
    closeSync(fd);
  }
}

/** Gives each line that is added from the position on, until the signal; goes on in a new file of the same name. */
export async function followLog(
  path: string,
  from: LogPosition,
  line: (text: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  let fd = openIfThere(path);
  let rest = Buffer.alloc(0);
  let offset = fd !== undefined && fstatSync(fd).ino === from.inode ? from.offset : 0;
  const takeAll = (): void => {
    if (fd === undefined) return;
    // Emptied in place, as `copytruncate` does.
    if (fstatSync(fd).size < offset) [offset, rest] = [0, Buffer.alloc(0)];
    for (;;) {
      const bytes = readAt(fd, offset, chunkBytes);
      if (bytes.length === 0) return;
      offset += bytes.length;
      rest = Buffer.concat([rest, bytes]);
      const end = rest.lastIndexOf(newline) + 1;
      if (end > 0) for (const text of rest.toString("utf8", 0, end - 1).split("\n")) line(text);
      rest = rest.subarray(end);
    }
  };
  try {
    while (signal?.aborted !== true) {
      takeAll();
      const named = statSync(path, { throwIfNoEntry: false })?.ino;
      if (named !== undefined && (fd === undefined || named !== fstatSync(fd).ino)) {
        // The daemon opens the new file before it leaves the old one, which is complete now.
        takeAll();
        if (fd !== undefined) closeSync(fd);
        fd = openIfThere(path);
        [offset, rest] = [0, Buffer.alloc(0)];
        continue;
      }
      await pause(lookEveryMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function feeds(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(newline); at >= 0; at = text.indexOf(newline, at + 1)) count += 1;
  return count;
}

function readAt(fd: number, position: number, bytes: number): Buffer<ArrayBuffer> {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(fd, buffer, 0, bytes, position));
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
