import type { Clock } from "../../kernel/clock.js";
import type { Ids } from "../../kernel/ids.js";

export const codeLifeMs = 5 * 60_000;
/** Wrong tries after which all codes end: a code is no password to guess. */
const wrongTries = 5;
const maxCodes = 8;
/** Without letters that are taken for digits. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The codes that wait for another daemon. They live in memory: a restart ends them. */
export class PairingCodes {
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #codes = new Map<string, { until: number; wrong: number }>();

  constructor(clock: Clock, ids: Ids) {
    this.#clock = clock;
    this.#ids = ids;
  }

  /** A new code; the oldest gives way when too many wait. */
  offer(): { code: string; expiresAt: number } {
    const bytes = Buffer.from(this.#ids.secret(16), "base64url");
    const code = Array.from({ length: 8 }, (_, at) => alphabet[bytes[at]! & 31]!).join("");
    this.waiting();
    const [oldest] = this.#codes.keys();
    if (this.#codes.size >= maxCodes && oldest !== undefined) this.#codes.delete(oldest);
    this.#codes.set(code, { until: this.#clock.monotonic() + codeLifeMs, wrong: 0 });
    return { code: `${code.slice(0, 4)}-${code.slice(4)}`, expiresAt: this.#clock.now() + codeLifeMs };
  }

  /** Codes that may be proven now. */
  waiting(): string[] {
    const now = this.#clock.monotonic();
    for (const [code, { until }] of this.#codes) if (until <= now) this.#codes.delete(code);
    return [...this.#codes.keys()];
  }

  /** Uses the code up; false when somebody was faster. */
  take(code: string): boolean {
    return this.#codes.delete(code);
  }

  /** Somebody proved a code that is none of those that wait: it counts for all of them. */
  wrong(): void {
    for (const [code, known] of this.#codes) {
      known.wrong += 1;
      if (known.wrong >= wrongTries) this.#codes.delete(code);
    }
  }
}

/** A code as its user may type it: in small letters, with hyphen or blanks, with O for 0 and I or L for 1. */
export function plainCode(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
}
