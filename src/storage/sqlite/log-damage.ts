import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { endianness } from "node:os";

/*
 * SQLite takes the first frame of a write-ahead log whose checksum is wrong for the torn end of an unfinished commit, and
 * silently forgets what follows. When the disk damaged a frame in the middle, what follows was acknowledged. The two can
 * be told apart: a frame that continues a commit was written after the sync of that commit, so everything before was whole.
 */
const headerBytes = 32;
const frameHeaderBytes = 24;
const magic = 0x377f0682;

interface Sums {
  first: number;
  second: number;
}

/**
 * The first damaged frame of a log that no process has open, counted from 1, or 0 for the log's header; undefined when
 * every commit that was certainly synced is whole, or there is no log. `pageBytes` is that of the database.
 */
export function findLogDamage(logPath: string, pageBytes: number): number | undefined {
  let fd: number;
  try {
    fd = openSync(logPath, "r");
  } catch {
    return undefined;
  }
  try {
    return firstDamage(fd, pageBytes);
  } finally {
    closeSync(fd);
  }
}

function firstDamage(fd: number, pageBytes: number): number | undefined {
  const frames = Math.floor((fstatSync(fd).size - headerBytes) / (frameHeaderBytes + pageBytes));
  if (frames < 2) return undefined;
  const header = view(headerBytes);
  readSync(fd, header, 0, headerBytes, 0);
  const isLittle = header.getUint32(0) === magic;
  const sums = checksum({ first: 0, second: 0 }, header, 0, 24, isLittle);
  const isWhole =
    (isLittle || header.getUint32(0) === magic + 1) &&
    matches(sums, header, 24) &&
    header.getUint32(8) === pageBytes;
  const little = isWhole ? isLittle : endianness() === "LE";
  const read = (at: number, frame: DataView): DataView => {
    readSync(fd, frame, 0, frame.byteLength, headerBytes + at * frame.byteLength);
    return frame;
  };
  let [frame, next] = [view(frameHeaderBytes + pageBytes), view(frameHeaderBytes + pageBytes)];
  const saltsAgree = (one: DataView, other: DataView, at: number): boolean =>
    one.getUint32(8) === other.getUint32(at) && one.getUint32(12) === other.getUint32(at + 4);
  const continues = (before: Sums, after: DataView): boolean =>
    matches(
      checksum(checksum(before, after, 0, 8, little), after, frameHeaderBytes, pageBytes, little),
      after,
      16,
    );

  let at = 0;
  if (isWhole) {
    for (let before = sums; at < frames; at++) {
      read(at, frame);
      if (!saltsAgree(frame, header, 16) || !continues(before, frame)) break;
      before = sumsAt(frame, 16);
    }
  }
  const damaged = isWhole ? at + 1 : 0;
  if (at < frames) read(at, frame);
  for (; at + 1 < frames; at++) {
    read(at + 1, next);
    const isCommit = frame.getUint32(4) !== 0;
    const ofThisLog = !isWhole || saltsAgree(frame, header, 16);
    if (isCommit && ofThisLog && saltsAgree(frame, next, 8) && continues(sumsAt(frame, 16), next))
      return damaged;
    [frame, next] = [next, frame];
  }
  return undefined;
}

function view(bytes: number): DataView {
  return new DataView(new ArrayBuffer(bytes));
}

function sumsAt(from: DataView, at: number): Sums {
  return { first: from.getUint32(at), second: from.getUint32(at + 4) };
}

function matches(sums: Sums, from: DataView, at: number): boolean {
  return sums.first === from.getUint32(at) && sums.second === from.getUint32(at + 4);
}

/** SQLite's running checksum over pairs of 32-bit words. */
function checksum(before: Sums, from: DataView, at: number, bytes: number, little: boolean): Sums {
  let { first, second } = before;
  for (let offset = at; offset < at + bytes; offset += 8) {
    first = (first + from.getUint32(offset, little) + second) >>> 0;
    second = (second + from.getUint32(offset + 4, little) + first) >>> 0;
  }
  return { first, second };
}
