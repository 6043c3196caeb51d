import { WebSocket } from "ws";
import type { TestDaemon } from "../../support/daemon.js";

/** What a call came to: a result, a refusal's code, or nothing because the connection was lost before. */
export type Answer = { result: Record<string, unknown> } | { refused: string } | "lost";

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: { code?: string } };
}

/** One WebSocket that may have many calls under way, none of which is ever tried again. */
export class RpcClient {
  readonly #socket: WebSocket;
  readonly #opened: Promise<boolean>;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  #lost = false;
  /** Told of each notification, in their order. */
  heard: (method: string, params: Record<string, unknown>) => void = () => {};

  constructor({ address, token }: TestDaemon) {
    this.#socket = new WebSocket(`${address.replace("http", "ws")}/rpc`, {
      headers: { authorization: `Bearer ${token}` },
    });
    this.#opened = new Promise((resolve) => {
      this.#socket.once("open", () => resolve(true)).once("close", () => resolve(false));
    });
    this.#socket
      .on("message", (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Message))
      .on("close", () => this.#lose())
      .on("error", () => this.#lose());
  }

  /** Numbers are given by who asks, so that an answer can be told from its history. */
  async call(id: number, method: string, params: object): Promise<Answer> {
    if (!(await this.#opened) || this.#lost) return "lost";
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Goes away without a word. */
  drop(): void {
    this.#lose();
    this.#socket.terminate();
  }

  #receive(message: Message): void {
    if (message.method !== undefined) {
      if (!this.#lost) this.heard(message.method, message.params ?? {});
      return;
    }
    const answered = this.#pending.get(message.id ?? -1);
    this.#pending.delete(message.id ?? -1);
    const { result, error } = message;
    answered?.(
      result === undefined
        ? { refused: error?.data?.code ?? `${error?.code} ${error?.message}` }
        : { result },
    );
  }

  #lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    for (const answered of this.#pending.values()) answered("lost");
    this.#pending.clear();
  }
}
