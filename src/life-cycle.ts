import type { Logger } from "./kernel/logger.js";

/** Serves, fails or stops: where a daemon is in its life, and its end after exactly one shut-down. */
export class LifeCycle {
  /** The exit code, once everything is closed: 0, or 1 when a part failed or the shut-down did. */
  readonly ended: Promise<number>;
  readonly #log: Logger;
  #end: (code: number) => void = () => undefined;
  #stopping = false;
  #failed = false;
  #shutDown: (() => Promise<void>) | undefined;

  constructor(log: Logger) {
    this.#log = log;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get health(): "ok" | "degraded" | "stopping" {
    if (this.#stopping) return "stopping";
    return this.#failed ? "degraded" : "ok";
  }

  /** Everything runs, and this is how it ends; a stop asked for before begins now. */
  started(shutDown: () => Promise<void>): void {
    this.#shutDown = shutDown;
    if (this.#stopping) this.#run(shutDown);
  }

  /** Begins the graceful stop; repeating it is safe. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#shutDown !== undefined) this.#run(this.#shutDown);
  }

  /** Stops because a part cannot go on: the exit code will say so. */
  fail(): void {
    this.#failed = true;
    this.stop();
  }

  #run(shutDown: () => Promise<void>): void {
    void shutDown().then(
      () => this.#end(this.#failed ? 1 : 0),
      (error: unknown) => {
        this.#log.error({ err: error }, "The stop did not go as it should.");
        this.#end(1);
      },
    );
  }
}
