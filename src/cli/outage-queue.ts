import { setTimeout as pause } from "node:timers/promises";
import { ParleyError } from "../../sdks/typescript/src/index.js";

const outages: ReadonlySet<string> = new Set(["daemon_unreachable", "deadline_exceeded", "shutting_down"]);
const firstPauseMs = 50;
const longestPauseMs = 1_000;

export interface OutageQueueOptions {
  /** How long calls wait for a daemon that is away, from the beginning of the outage, milliseconds. */
  patienceMs: number;
  /** What calls may hold together before `room` waits, bytes. */
  limitBytes: number;
  now?: () => number;
}

interface Call {
  /** Position in the order in which calls came. */
  readonly order: number;
  readonly signal: AbortSignal;
  go(): void;
}

/**
 * Carries calls over an outage of the daemon: they wait in their order until it answers again or the patience is over. While
 * it is away, only the first of them is tried; the others follow it.
 */
export class OutageQueue {
  readonly #options: Required<OutageQueueOptions>;
  readonly #waiting: Call[] = [];
  readonly #room = new Set<() => void>();
  #calls = 0;
  #bytes = 0;
  /** When the outage began. */
  #awaySince: number | undefined;
  #probing: Call | undefined;

  constructor(options: OutageQueueOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /**
   * The attempt's result. It is tried again after an outage when `repeatable`; otherwise only when it cannot have reached
   * the daemon. Rejects with the outage when the patience is over.
   */
  async run<T>(
    attempt: () => Promise<T>,
    { bytes, repeatable, signal }: { bytes: number; repeatable: boolean; signal: AbortSignal },
  ): Promise<T> {
    const call: Call = { order: this.#calls++, signal, go: () => {} };
    this.#bytes += bytes;
    try {
      return await this.#run(attempt, call, repeatable);
    } finally {
      if (this.#probing === call) this.#hand();
      this.#bytes -= bytes;
      for (const resolve of this.#room) resolve();
      this.#room.clear();
    }
  }

  /** Resolves when another call may be taken in. */
  async room(): Promise<void> {
    while (this.#bytes >= this.#options.limitBytes)
      await new Promise<void>((resolve) => this.#room.add(resolve));
  }

  async #run<T>(attempt: () => Promise<T>, call: Call, repeatable: boolean): Promise<T> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      await this.#turn(call);
      call.signal.throwIfAborted();
      // A daemon that hangs is away since the call that it does not answer began.
      const began = this.#options.now();
      try {
        const result = await attempt();
        this.#back();
        return result;
      } catch (error) {
        if (call.signal.aborted) throw error;
        if (!isOutage(error)) {
          this.#back();
          throw error;
        }
        this.#awaySince ??= began;
        const over = this.#options.now() - this.#awaySince >= this.#options.patienceMs;
        if (over || !(repeatable || isUnsent(error))) throw error;
      }
      this.#probing ??= call;
      if (this.#probing !== call) continue;
      const { signal } = call;
      await pause(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }

  /** While the daemon is away: waits until this call is the one that is tried. */
  async #turn(call: Call): Promise<void> {
    while (this.#awaySince !== undefined && this.#probing !== call && !call.signal.aborted) {
      if (this.#probing === undefined) this.#probing = call;
      else await this.#wait(call);
    }
  }

  #wait(call: Call): Promise<void> {
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(call), 1);
        resolve();
      };
      call.signal.addEventListener("abort", leave, { once: true });
      call.go = () => {
        call.signal.removeEventListener("abort", leave);
        resolve();
      };
      const at = this.#waiting.findIndex(({ order }) => order > call.order);
      this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, call);
    });
  }

  /** The daemon answers: everything that waits goes on, in its order. */
  #back(): void {
    this.#awaySince = undefined;
    for (const { go } of this.#waiting.splice(0)) go();
  }

  /** The next one is tried instead of a call that has ended. */
  #hand(): void {
    this.#probing = this.#waiting.shift();
    this.#probing?.go();
  }
}

/** Whether the daemon is away and may come back. */
export function isOutage(error: unknown): error is ParleyError {
  return error instanceof ParleyError && error.retryable && outages.has(error.code);
}

/** No connection was made, so that the call did not reach the daemon. */
function isUnsent({ cause }: Error): boolean {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNREFUSED" || code === "ENOENT";
}
