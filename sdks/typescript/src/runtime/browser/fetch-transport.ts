import type { Deadline } from "../deadline.js";
import { clientError } from "../errors.js";
import { ParleyError } from "../parley-error.js";
import type {
  HttpFlow,
  HttpReply,
  HttpRequest,
  MessageSocket,
  SocketHandlers,
  Transport,
} from "../transport.js";
import { notSignedIn, pageHeaders, proveDaemon, readPageKey } from "./page-key.js";
import { connectPageSocket } from "./page-socket.js";

/** A browser's own fetch and WebSocket; the page's cookie and page key are the credentials. */
export class FetchTransport implements Transport {
  readonly address: string;
  readonly local = false;
  readonly prefersRpc = true;

  constructor(origin: string) {
    this.address = origin;
  }

  async request(request: HttpRequest, deadline: Deadline): Promise<HttpReply> {
    const { response, stop } = await this.#fetch(request, deadline);
    try {
      return { status: response.status, headers: plain(response.headers), text: await response.text() };
    } catch (error) {
      throw deadline.failure ?? this.#lost(error);
    } finally {
      stop();
    }
  }

  async flow(request: HttpRequest, deadline: Deadline): Promise<HttpFlow> {
    const { response, stop, abort } = await this.#fetch(request, deadline);
    stop();
    return {
      status: response.status,
      headers: plain(response.headers),
      body: chunksOf(response),
      text: () => response.text(),
      destroy: abort,
    };
  }

  async connect(path: string, handlers: SocketHandlers, deadline: Deadline): Promise<MessageSocket> {
    const key = readPageKey(this.address);
    if (key === undefined) throw notSignedIn();
    const url = new URL(path, this.address);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    try {
      return await connectPageSocket(url, key, handlers, deadline);
    } catch (error) {
      // Browsers hide why an upgrade was refused: a sign-in that has ended is found out by asking again.
      await this.#abortable(deadline, async (signal, stop) => {
        await proveDaemon(this.address, key, signal);
        stop();
      });
      throw error;
    }
  }

  close(): void {}

  #fetch(
    { method, path, headers, body }: HttpRequest,
    deadline: Deadline,
  ): Promise<{ response: Response; stop: () => void; abort: () => void }> {
    return this.#abortable(deadline, async (signal, stop, abort) => {
      // Without a sign-in the server cannot prove that it is the daemon: it gets no body.
      if (body !== undefined && readPageKey(this.address) === undefined) throw notSignedIn();
      const credentials = await pageHeaders(this.address, signal);
      const response = await fetch(new URL(path, this.address), {
        method,
        headers: { ...headers, ...credentials },
        credentials: "same-origin",
        cache: "no-store",
        // Body and headers are for this origin only.
        redirect: "error",
        signal,
        ...(body === undefined ? {} : { body }),
      });
      return { response, stop, abort };
    });
  }

  /** Runs what the deadline aborts, until the caller stops that. */
  async #abortable<T>(
    deadline: Deadline,
    run: (signal: AbortSignal, stop: () => void, abort: () => void) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const stop = deadline.onFailure(abort);
    try {
      return await run(controller.signal, stop, abort);
    } catch (error) {
      stop();
      throw deadline.failure ?? this.#lost(error);
    }
  }

  #lost(error: unknown): ParleyError {
    if (error instanceof ParleyError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return clientError("daemon_unreachable", `The connection to ${this.address} failed: ${reason}.`, error);
  }
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || value === undefined) return;
    yield value;
  }
}

function plain(headers: Headers): Record<string, string> {
  const all: Record<string, string> = {};
  headers.forEach((value, name) => {
    all[name] = value;
  });
  return all;
}
