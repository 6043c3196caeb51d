import type { McpExchange } from "../../../src/surfaces/mcp/feature.js";

/** Asks clients of the older revisions, on the stream of the request that needs the answer. */
export class Asking {
  readonly #waiting = new Map<unknown, (answer: object) => void>();
  #asked = 0;

  /** Resolves to the result, or to the error, that the client answers with. */
  async ask(exchange: McpExchange, method: string, params: object): Promise<object> {
    this.#asked += 1;
    const id = `asked-${this.#asked}`;
    const { signal } = exchange.call;
    const answered = new Promise<object>((resolve, reject) => {
      this.#waiting.set(id, resolve);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    exchange.stream().send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    try {
      const { result, error } = (await answered) as { result?: object; error?: object };
      return result ?? error ?? {};
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Takes a client's answer; false when nothing was asked under its id. */
  readonly answered = (id: unknown, message: object): boolean => {
    const resolve = this.#waiting.get(id);
    resolve?.(message);
    return resolve !== undefined;
  };
}
