import type { Environment } from "./environment.js";
import { ParleyError } from "./parley-error.js";
import { backoff, passes } from "./retry.js";

/** The daemon is away, stopped or about to stop. It may come back, and then the call can be repeated. */
const outages: ReadonlySet<string> = new Set([
  "daemon_unreachable",
  "deadline_exceeded",
  "shutting_down",
  "storage_unavailable",
]);
/** Between two tries, milliseconds. */
export const longestPause = 1_000;
/** Tries of a call that the daemon answers with a limit. */
const limitedTries = 12;

/** An address that another program answers stays unreachable: that error is not retryable, and no outage. */
export function isOutage(error: unknown): error is ParleyError {
  if (!(error instanceof ParleyError) || !outages.has(error.code)) return false;
  return error.code !== "daemon_unreachable" || error.retryable;
}

/** Reports of an outage, for those who watch a host. */
export interface OutageListener {
  /** The daemon does not answer; everything that it should get is kept. */
  onOutage?: ((error: ParleyError) => void) | undefined;
  /** It answers again. */
  onRecovery?: (() => void) | undefined;
}

/** Repeats a host's calls for as long as the daemon is away: an outage is not a failure of the work. */
export class OutagePatience {
  readonly #environment: Environment;
  readonly #listener: OutageListener;
  #away = false;

  constructor(environment: Environment, listener: OutageListener) {
    this.#environment = environment;
    this.#listener = listener;
  }

  /**
   * The call's answer, from the first try that the daemon answers. Each try must be safe to repeat. `failed` is called after
   * each try that an outage ended; `giveUp` ends the tries with its reason.
   */
  async insist<T>(
    attempt: (signal: AbortSignal) => PromiseLike<T>,
    giveUp: AbortSignal,
    failed: (error: ParleyError) => void = () => {},
  ): Promise<T> {
    let limited = 0;
    for (let tries = 0; ; tries++) {
      giveUp.throwIfAborted();
      try {
        const answer = await attempt(giveUp);
        this.answered();
        return answer;
      } catch (error) {
        giveUp.throwIfAborted();
        if (!(error instanceof ParleyError) || !passes(error)) throw error;
        if (isOutage(error)) this.failed(error);
        else if (++limited >= limitedTries) throw error;
        failed(error);
        const pause = Math.min(longestPause, backoff(tries, this.#environment.random));
        await this.#environment.delay(Math.max(pause, error.retryAfterMs ?? 0), giveUp);
      }
    }
  }

  /** A call was answered. */
  answered(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#listener.onRecovery?.();
  }

  /** A call was ended by an outage. */
  failed(error: ParleyError): void {
    if (this.#away) return;
    this.#away = true;
    this.#listener.onOutage?.(error);
  }
}
