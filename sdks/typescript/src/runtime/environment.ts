/** Where time and randomness come from; tests own it. */
export interface Environment {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  uuid(): string;
  /** Resolves after `ms`, or as soon as `signal` aborts. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemEnvironment: Environment = {
  now: () => performance.now(),
  random: () => Math.random(),
  uuid: () => crypto.randomUUID(),
  delay: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done);
    }),
};
