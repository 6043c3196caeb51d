import { createHash } from "node:crypto";
import { type Backend, BackendError } from "../../src/kernel/backend.js";
import type { Clock } from "../../src/kernel/clock.js";
import type { Ids } from "../../src/kernel/ids.js";

/** Ids that follow from the seed: the same run makes the same ones. */
export function seededIds(clock: Clock, seed: string): Ids {
  let count = 0;
  const digest = (): string => createHash("sha256").update(`${seed}/${count++}`).digest("hex");
  const uuid = (): string => {
    const hex = digest();
    const time = clock.now().toString(16).padStart(12, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
  };
  return {
    uuid,
    childOf: (parent) => uuid().slice(0, -8) + parent.slice(-8),
    secret: (bytes) => Buffer.from(digest(), "hex").toString("base64url").slice(0, Math.max(16, bytes)),
  };
}

/** What happens to the call of the backend with the given number, counted from 1 over writes only. */
export interface Fault {
  atWrite: number;
  /**
   * - `halt`: the process dies before the write; nothing of it or after it happens.
   * - `halt_after`: the process dies after the write, before anybody hears of it.
   * - `error`: the write is refused, as on a full disk; the next one works.
   * - `unknown`, `unknown_stored`: nobody can tell; it is not, or is, stored.
   */
  kind: "halt" | "halt_after" | "error" | "unknown" | "unknown_stored";
}

/** A backend that fails at one write; after a halt it answers nothing any more, as a dead process would not. */
export class FaultyBackend {
  readonly backend: Backend;
  writes = 0;
  #halted: (() => void) | undefined;
  /** Resolves when the simulated process died. */
  readonly halted: Promise<void>;
  #dead = false;

  /** The process dies now, between two calls. */
  kill(): void {
    this.#dead = true;
    this.#halted?.();
  }

  constructor(inner: Backend, fault: Fault | undefined) {
    this.halted = new Promise((resolve) => {
      this.#halted = resolve;
    });
    const never = new Promise<never>(() => {});
    const die = (): Promise<never> => {
      this.kill();
      return never;
    };
    const write = async <T>(run: () => Promise<T>, unknown: T): Promise<T> => {
      if (this.#dead) return never;
      this.writes += 1;
      if (fault === undefined || this.writes !== fault.atWrite) return run();
      switch (fault.kind) {
        case "halt":
          return die();
        case "halt_after":
          await run();
          return die();
        case "error":
          throw new BackendError("full", "no space");
        case "unknown":
          return unknown;
        case "unknown_stored":
          await run();
          return unknown;
      }
    };
    const read = <T>(run: () => Promise<T>): Promise<T> => (this.#dead ? never : run());
    const lost = { outcome: "unknown", cause: new Error("lost") } as const;
    this.backend = {
      append: (log, entry) => write(() => inner.append(log, entry), lost),
      cas: (bucket, key, change) => write(() => inner.cas(bucket, key, change), lost),
      trim: (log, options) => write(() => inner.trim(log, options), undefined),
      read: (log, options) => read(() => inner.read(log, options)),
      lastSeq: (log) => read(() => inner.lastSeq(log)),
      get: (bucket, key) => read(() => inner.get(bucket, key)),
      list: (bucket, prefix) => read(() => inner.list(bucket, prefix)),
      tail: (log, options) => inner.tail(log, options),
      watch: (bucket, options) => inner.watch(bucket, options),
      signal: (topic, payload) => inner.signal(topic, payload),
      onSignal: (topic, listener) => inner.onSignal(topic, listener),
      info: () => inner.info(),
      close: () => inner.close(),
    };
  }
}

/** Lets everything run that can run without time passing. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
