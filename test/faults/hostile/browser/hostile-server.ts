import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";

/** One request as the hostile server saw it. */
export interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers a request; without one the server answers an empty JSON object to everything. */
export type Answer = (request: Received, response: ServerResponse) => void | Promise<void>;

/** A server of another program on this machine. It accepts all that a browser sends, WebSockets too, and keeps it. */
export class HostileServer {
  readonly received: Received[] = [];
  /** Text of the frames that its WebSockets received. */
  readonly frames: string[] = [];
  readonly address: string;
  readonly #close: () => Promise<void>;

  private constructor(address: string, close: () => Promise<void>) {
    this.address = address;
    this.#close = close;
  }

  static async start({ port = 0, answer }: { port?: number; answer?: Answer } = {}): Promise<HostileServer> {
    const server = createServer();
    const webSockets = new WebSocketServer({ noServer: true });
    const sockets = new Set<Socket>();
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    const taken = (server.address() as AddressInfo).port;
    const hostile = new HostileServer(`http://127.0.0.1:${taken}`, async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    });
    server.on("request", (request, response) => {
      // The browser went away, or the daemon to which a request was passed on.
      hostile.#serve(request, response, answer).catch(() => response.destroy());
    });
    server.on("upgrade", (request, socket, head) => {
      hostile.#keep(request, "");
      webSockets.handleUpgrade(request, socket, head, (ws) => {
        // As a daemon that answers a page's nonce.
        ws.send('{"proof":"AAAA"}');
        ws.on("message", (data) => hostile.frames.push(String(data)));
        ws.on("error", () => ws.terminate());
      });
    });
    return hostile;
  }

  /** Every Cookie header that came, once each. */
  get cookies(): string[] {
    return [...new Set(this.received.flatMap(({ headers }) => headers.cookie ?? []))];
  }

  /** All that came, as one text to search in. */
  get everything(): string {
    return JSON.stringify([this.received, this.frames]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #keep(request: IncomingMessage, body: string): Received {
    const { method = "", url = "", headers } = request;
    const kept = { method, url, headers, body };
    this.received.push(kept);
    return kept;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, answer?: Answer): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    const kept = this.#keep(request, body);
    if (answer === undefined) response.writeHead(200, { "content-type": "application/json" }).end("{}");
    else await answer(kept, response);
  }
}
