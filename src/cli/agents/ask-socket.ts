import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ParleyError } from "../../../sdks/typescript/src/index.js";
import type { Turn } from "./serve.js";

/** The most that a question can hold, with what surrounds it, characters. */
const longestRequest = 1024 * 1024;

/** What `parley ask` writes, as one line of JSON; it keeps its side open, so that its end is noticed. */
export interface AskRequest {
  prompt: string;
}

/** What it reads. */
export type AskReply = { answer: string } | { error: { code: string; message: string; retryable: boolean } };

/**
 * A socket on which `parley ask` inside a command reaches the turn of its host, which holds the claim. It lies in a folder
 * that only this user can enter.
 */
export class AskSocket {
  readonly path: string;
  readonly #folder: string;
  readonly #turn: Turn;
  readonly #server: Server;

  private constructor(folder: string, turn: Turn) {
    this.#folder = folder;
    this.path = join(folder, "ask.sock");
    this.#turn = turn;
    this.#server = createServer((socket) => void this.#serve(socket));
  }

  static async open(turn: Turn): Promise<AskSocket> {
    const folder = mkdtempSync(join(tmpdir(), "parley-ask-"));
    chmodSync(folder, 0o700);
    const opened = new AskSocket(folder, turn);
    try {
      await new Promise<void>((resolve, reject) => {
        opened.#server.once("error", reject).listen(opened.path, resolve);
      });
    } catch (error) {
      opened.close();
      throw error;
    }
    // A command that stays must not keep the host alive.
    opened.#server.unref();
    return opened;
  }

  close(): void {
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #serve(socket: Socket): Promise<void> {
    const gone = new AbortController();
    socket.on("error", () => undefined);
    socket.on("close", () => gone.abort(new Error("parley ask has ended")));
    const reply = await this.#ask(socket, gone.signal);
    socket.end(JSON.stringify(reply));
  }

  async #ask(socket: Socket, gone: AbortSignal): Promise<AskReply> {
    try {
      const { prompt } = JSON.parse(await lineFrom(socket)) as AskRequest;
      return { answer: await this.#turn.ask(prompt, { signal: gone }) };
    } catch (error) {
      if (!(error instanceof ParleyError))
        return { error: { code: "request_cancelled", message: String(error), retryable: false } };
      const { code, message, retryable } = error;
      return { error: { code, message, retryable } };
    }
  }
}

function lineFrom(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (piece: string) => {
      text += piece;
      if (text.length > longestRequest) reject(new Error("The question is too long."));
      if (piece.endsWith("\n")) resolve(text);
    });
    socket.on("close", () => reject(new Error("No question came.")));
  });
}
