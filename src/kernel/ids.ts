import { randomBytes } from "node:crypto";
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
  // Several ids are made for every message: random digits and the millisecond's are made for many at once.
  let pool = "";
  let used = 0;
  const takeDigits = (digits: number): string => {
    if (used + digits > pool.length) {
      pool = randomBytes(poolBytes).toString("hex");
      used = 0;
    }
    used += digits;
    return pool.slice(used - digits, used);
  };
  let lastMs = 0;
  let counter = 0;
  let timePart = "";
  const uuid = (): string => {
    const now = clock.now();
    if (now > lastMs) {
      lastMs = now;
      counter = Number.parseInt(takeDigits(4), 16) & 0x3ff;
      timePart = timeDigits(now);
    } else if (++counter > 0xfff) {
      lastMs += 1;
      counter = 0;
      timePart = timeDigits(lastMs);
    }
    const random = takeDigits(16);
    const variant = variants.get(random[0]!)!;
    return `${timePart}-7${counterDigits[counter]!}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
  };
  return {
    uuid,
    childOf: (parent) => uuid().slice(0, -8) + parent.slice(-8),
    secret: (bytes) => randomBytes(bytes).toString("base64url"),
  };
}

const poolBytes = 4096;
/** A hex digit with the variant's two bits in front. */
const variants = new Map(Array.from("0123456789abcdef", (digit, value) => [digit, "89ab"[value & 3]!]));
const counterDigits = Array.from({ length: 0x1000 }, (_, value) => value.toString(16).padStart(3, "0"));

function timeDigits(ms: number): string {
  const digits = ms.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
