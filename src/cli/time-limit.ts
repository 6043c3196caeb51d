import { parseTimeLimit } from "./arguments.js";

/** Exit code of a command that its `--timeout` has ended; `timeout` of the GNU core utilities has the same. */
export const timeLimitExitCode = 124;

/** The time of a command is over. The message is for the person; it is no failure of what was asked for. */
export class TimeLimitError extends Error {
  override name = "TimeLimitError";
}

/** The time that `--timeout` gives a command, from its start; without the flag there is no limit. */
export class TimeLimit {
  readonly #text: string | undefined;
  readonly #over = new AbortController();

  constructor(text: string | undefined) {
    this.#text = text;
    if (text === undefined) return;
    setTimeout(() => this.#over.abort(), parseTimeLimit(text)).unref();
  }

  /** Aborts when the time is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The outcome of a step, or a TimeLimitError once the time is over. `remark` is what the person should know then. */
  async within<T>(step: PromiseLike<T>, remark: string): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const end = (): void => reject(this.error(remark));
    this.signal.addEventListener("abort", end);
    if (this.signal.aborted) end();
    try {
      return await Promise.race([step, promise]);
    } finally {
      this.signal.removeEventListener("abort", end);
    }
  }

  error(remark: string): TimeLimitError {
    return new TimeLimitError(`stopped after ${this.#text}: ${remark}`);
  }
}
