import type { EventStream } from "./event-stream.js";

/** Where notifications go. */
export type UpdateStream = Pick<EventStream, "isBehind" | "send" | "drained">;

/**
 * Tells a stream which resources changed: each once, however often it changed while nobody took it. What was told on a
 * stream before it went is told again on the next one: nobody knows whether it arrived.
 */
export class Updates {
  readonly #meta: string;
  readonly #pending = new Set<string>();
  readonly #told = new Set<string>();
  #stream: UpdateStream | undefined;
  #waits = false;

  /** `meta` is JSON that goes with every notification. */
  constructor(meta?: string) {
    this.#meta = meta === undefined ? "" : `"_meta":${meta},`;
  }

  /** Where notifications go from now on; without a stream they wait for the next one. */
  set stream(stream: UpdateStream | undefined) {
    if (stream === this.#stream) return;
    this.#stream = stream;
    for (const uri of this.#told) this.#pending.add(uri);
    this.#told.clear();
    this.#waits = false;
    this.#flush();
  }

  changed(uri: string): void {
    this.#pending.add(uri);
    this.#flush();
  }

  forget(uri: string): void {
    this.#pending.delete(uri);
    this.#told.delete(uri);
  }

  #flush(): void {
    const stream = this.#stream;
    if (stream === undefined || this.#waits) return;
    for (const uri of this.#pending) {
      if (stream.isBehind) {
        this.#waits = true;
        stream.drained(() => {
          if (stream !== this.#stream) return;
          this.#waits = false;
          this.#flush();
        });
        return;
      }
      this.#pending.delete(uri);
      this.#told.add(uri);
      const params = `{${this.#meta}"uri":${JSON.stringify(uri)}}`;
      stream.send(`{"jsonrpc":"2.0","method":"notifications/resources/updated","params":${params}}`);
    }
  }
}
