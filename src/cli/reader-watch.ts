import { fstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

const lookEveryMs = 1_000;
/** The two low bits of a descriptor's flags: 0 reads, 1 writes, 2 does both. */
const accessMode = 0b11;
const writesOnly = 1;

/**
 * Looks every second whether the reader of a pipe is still there, and calls `left` once it has gone: a write would show it,
 * but a quiet stream writes nothing. Works where /proc lists the reader, which is the same user's as a rule; elsewhere the next
 * write shows it. Returns how to stop.
 */
export function watchReader(fd: number, left: () => void): () => void {
  const pipe = pipeOf(fd);
  if (pipe === undefined) return () => {};
  // It is looked for before the first write, after which it may leave at once; one that is not found is another user's.
  let reader = readerOf(pipe);
  if (reader === undefined) return () => {};
  const timer = setInterval(() => {
    if (reader !== undefined && isOpen(reader, pipe)) return;
    // It may have handed the pipe on.
    reader = readerOf(pipe);
    if (reader !== undefined) return;
    clearInterval(timer);
    left();
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** The pipe as /proc names it; undefined for anything else and where there is no /proc. */
function pipeOf(fd: number): string | undefined {
  try {
    return fstatSync(fd).isFIFO() ? readlinkSync(`/proc/self/fd/${fd}`) : undefined;
  } catch {
    return undefined;
  }
}

/** A descriptor in /proc that reads from the pipe. */
function readerOf(pipe: string): string | undefined {
  // The members of a pipeline have neighbouring pids.
  const distance = (pid: number): number => Math.abs(pid - process.pid);
  const pids = entries("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  for (const pid of pids.toSorted((a, b) => distance(a) - distance(b))) {
    for (const fd of entries(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${fd}`;
      if (isOpen(path, pipe) && reads(`/proc/${pid}/fdinfo/${fd}`)) return path;
    }
  }
  return undefined;
}

function isOpen(path: string, pipe: string): boolean {
  try {
    return readlinkSync(path) === pipe;
  } catch {
    return false;
  }
}

function reads(path: string): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(path, "latin1"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & accessMode) !== writesOnly;
  } catch {
    return false;
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
