import { WebSocket } from "ws";
import { type Answer, answerOfFrame } from "./answer.js";

/** A JSON-RPC connection that asks one thing at a time. */
export class RpcSocket implements Disposable {
  readonly #ws: WebSocket;
  readonly #opened: Promise<void>;

  constructor(address: string, { token, session }: { token: string; session: string | undefined }) {
    this.#ws = new WebSocket(`${address.replace("http", "ws")}/rpc`, {
      headers: {
        authorization: `Bearer ${token}`,
        ...(session === undefined ? {} : { "parley-session": session }),
      },
    });
    this.#opened = new Promise((resolve, reject) => this.#ws.once("open", resolve).once("error", reject));
    this.#opened.catch(() => undefined);
  }

  get isClosed(): boolean {
    return this.#ws.readyState > WebSocket.OPEN;
  }

  /** Sends a frame and waits for its answer, and for the end of a stream that it opens and that does not follow. */
  async ask(frame: string, guardMs: number): Promise<Answer> {
    await this.#opened;
    return await new Promise((resolve) => {
      const finish = (answer: Answer): void => {
        clearTimeout(timer);
        this.#ws.removeAllListeners("message").removeAllListeners("close");
        resolve(answer);
      };
      const timer = setTimeout(() => finish({ flaw: "no answer" }), guardMs);
      const ends = frame.includes('"follow":false');
      let answer: Answer | undefined;
      this.#ws.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString()) as { id?: unknown; method?: string };
        if (message.method === undefined) {
          answer = answerOfFrame(message);
          const streams = "response" in answer && /"method":"[a-z]+\/stream_open"/.test(frame);
          if (!(ends && streams)) finish(answer);
        } else if (answer !== undefined && message.method.endsWith("stream_closed")) finish(answer);
      });
      this.#ws.once("close", (code) => finish({ flaw: `closed with ${code}` }));
      this.#ws.send(frame);
    });
  }

  [Symbol.dispose](): void {
    this.#ws.on("error", () => undefined).terminate();
  }
}
