import { randomFillSync } from "node:crypto";
import type { Clock } from "./clock.js";

/** Where ids and randomness come from; tests and simulations own it. */
export interface Ids {
  /** A UUIDv7: ordered by time, so that indexes over it stay local. */
  uuid(): string;
  /** A UUIDv7 whose last 8 hex digits are those of `parent`: an interaction id tells which session holds its log. */
  childOf(parent: string): string;
  /** `bytes` random bytes as base64url. */
  secret(bytes: number): string;
}

/** Ids from the machine's random source; a counter in the sub-millisecond bits keeps ids of one millisecond ordered. */
export function systemIds(clock: Clock): Ids {
  const pool = Buffer.alloc(4096);
  let used = pool.length;
  let lastMs = 0;
  let counter = 0;
  const take = (bytes: number): Buffer => {
    if (used + bytes > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const slice = pool.subarray(used, used + bytes);
    used += bytes;
    return slice;
  };
  // Hex digits of the millisecond, kept because many ids are made in one.
  let timePart = "";
  const uuid = (): string => {
    const now = clock.now();
    if (now > lastMs) {
      lastMs = now;
      counter = take(2).readUInt16BE() & 0x3ff;
      timePart = timeDigits(now);
    } else if (++counter > 0xfff) {
      lastMs += 1;
      counter = 0;
      timePart = timeDigits(lastMs);
    }
    const tail = take(8);
    tail[0] = (tail[0]! & 0x3f) | 0x80;
    const random = tail.toString("hex");
    return `${timePart}-7${counter.toString(16).padStart(3, "0")}-${random.slice(0, 4)}-${random.slice(4)}`;
  };
  return {
    uuid,
    childOf: (parent) => uuid().slice(0, -8) + parent.slice(-8),
    secret: (bytes) => Buffer.from(take(bytes)).toString("base64url"),
  };
}

function timeDigits(ms: number): string {
  const digits = ms.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
