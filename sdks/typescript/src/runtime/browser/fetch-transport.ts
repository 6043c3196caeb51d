import type { Deadline } from "../deadline.js";
import { clientError } from "../errors.js";
import type { ParleyError } from "../parley-error.js";
import type {
  HttpFlow,
  HttpReply,
  HttpRequest,
  MessageSocket,
  SocketHandlers,
  Transport,
} from "../transport.js";
import { connectNativeSocket } from "./native-socket.js";

/** A browser's own fetch and WebSocket, with the page's cookie as credentials. */
export class FetchTransport implements Transport {
  readonly address: string;
  readonly local = false;

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

  connect(path: string, handlers: SocketHandlers, deadline: Deadline): Promise<MessageSocket> {
    const url = new URL(path, this.address);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return connectNativeSocket(url, handlers, deadline);
  }

  close(): void {}

  async #fetch(
    { method, path, headers, body }: HttpRequest,
    deadline: Deadline,
  ): Promise<{ response: Response; stop: () => void; abort: () => void }> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const stop = deadline.onFailure(abort);
    try {
      const response = await fetch(new URL(path, this.address), {
        method,
        headers,
        credentials: "same-origin",
        cache: "no-store",
        // Body and headers are for this origin only.
        redirect: "error",
        signal: controller.signal,
        ...(body === undefined ? {} : { body }),
      });
      return { response, stop, abort };
    } catch (error) {
      stop();
      throw deadline.failure ?? this.#lost(error);
    }
  }

  #lost(error: unknown): ParleyError {
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
