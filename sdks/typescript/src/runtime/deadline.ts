import { clientError } from "./errors.js";
import type { ParleyError } from "./parley-error.js";

/** A timer that fires this late shows that the process did not run, milliseconds. */
const stoppedFor = 2_000;
/** Time for what arrived while the process did not run, milliseconds. */
const afterStop = 500;

/** Ends a call from outside: by its time limit or its caller's signal, whichever is first. */
export class Deadline {
  readonly #listeners = new Set<(failure: ParleyError) => void>();
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#fail(clientError("request_cancelled", undefined, this.#signal?.reason));
  readonly #ends: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failure: ParleyError | undefined;

  /** Without `timeout` only the signal ends it. */
  constructor(timeout: number | undefined, signal?: AbortSignal) {
    this.#signal = signal;
    this.#ends = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout;
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener("abort", this.#abort);
    if (timeout === undefined || this.#failure !== undefined) return;
    const message = `No answer within ${timeout} ms; the operation may still complete.`;
    const fail = (): void => this.#fail(clientError("deadline_exceeded", message));
    this.#timer = setTimeout(() => {
      // This process was stopped: an answer that came meanwhile is read before the call ends.
      if (performance.now() - this.#ends > stoppedFor) this.#timer = setTimeout(fail, afterStop);
      else fail();
    }, timeout);
  }

  get failure(): ParleyError | undefined {
    return this.#failure;
  }

  /** Milliseconds left. */
  get remaining(): number {
    return this.#ends - performance.now();
  }

  /** Calls `listener` at the end, at once when that was before; returns how to stop listening. */
  onFailure(listener: (failure: ParleyError) => void): () => void {
    if (this.#failure !== undefined) listener(this.#failure);
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Frees the timer; call it when the call is over. */
  done(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#listeners.clear();
  }

  #fail(failure: ParleyError): void {
    this.#failure = failure;
    const listeners = [...this.#listeners];
    this.done();
    for (const listener of listeners) listener(failure);
  }
}
