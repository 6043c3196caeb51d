import { type ClientRequest, get, type IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { SocketServer } from "./socket-server.js";

export interface OpenRequest {
  interaction: string;
  after: number;
  resumeOf: string | undefined;
}

/** A reader's connection: what came over it, and its end. */
export interface Reader {
  /** `opened <state>, <first> to <last>`, or `refused <code>`. */
  open(request: OpenRequest): Promise<string>;
  /** Only where closing is a call. */
  close(streamId: string): Promise<string>;
  /** Goes away without a word. */
  drop(): void;
  readonly streamId: string;
  /** Sequences as they came, then why it ended. */
  readonly heard: readonly (number | string)[];
}

interface Opened {
  stream_id: string;
  snapshot: { state: string; first_sequence: number; last_sequence: number; terminal?: object };
}

function opening({ snapshot }: Opened): string {
  const { state, first_sequence: first, last_sequence: last, terminal } = snapshot;
  return `opened: ${state}, ${first} to ${last}${terminal === undefined ? "" : ", ended"}`;
}

type Message = {
  id?: number;
  method?: string;
  params: { stream_id: string; sequence: number; reason: string };
  result?: object;
  error?: { data: { code: string } };
};

/** JSON-RPC on a WebSocket of its own. */
export class RpcReader implements Reader {
  readonly heard: (number | string)[] = [];
  streamId = "";
  readonly #ws: WebSocket;
  readonly #opened: Promise<void>;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #dropped = false;
  #calls = 0;

  constructor({ port, token }: SocketServer) {
    this.#ws = new WebSocket(`ws://127.0.0.1:${port}/rpc`, { headers: { authorization: `Bearer ${token}` } });
    this.#opened = new Promise((resolve, reject) => this.#ws.once("open", resolve).once("error", reject));
    this.#ws.on("error", () => undefined).on("message", (data) => this.#receive(JSON.parse(String(data))));
  }

  async open({ interaction, after, resumeOf }: OpenRequest): Promise<string> {
    const { result, error } = await this.#call("comms/stream_open", {
      scope: { kind: "interaction", interaction_id: interaction },
      after_sequence: after,
      ...(resumeOf === undefined ? {} : { resume_of: resumeOf }),
    });
    if (error !== undefined) return `refused ${error.data.code}`;
    return opening(result as Opened);
  }

  async close(streamId: string): Promise<string> {
    const { result, error } = await this.#call("comms/stream_close", { stream_id: streamId });
    if (error !== undefined) return `refused ${error.data.code}`;
    return (result as { already_closed: boolean }).already_closed ? "closed already" : "closed";
  }

  drop(): void {
    this.#dropped = true;
    this.#ws.terminate();
  }

  async #call(method: string, params: object): Promise<Message> {
    await this.#opened;
    const id = ++this.#calls;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#ws.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  #receive(message: Message): void {
    if (this.#dropped) return;
    if (message.method === undefined) {
      // Before any event of it: the answer comes first on its socket.
      const opened = message.result as Partial<Opened> | undefined;
      if (opened?.stream_id !== undefined) this.streamId = opened.stream_id;
      this.#waiting.get(message.id!)?.(message);
      return;
    }
    const { stream_id: id, sequence, reason } = message.params;
    this.heard.push(
      id !== this.streamId ? `early ${id}` : message.method.endsWith("closed") ? reason : sequence,
    );
  }
}

/** Server-sent events: the connection is the stream. */
export class SseReader implements Reader {
  readonly heard: (number | string)[] = [];
  streamId = "";
  readonly #server: SocketServer;
  #request: ClientRequest | undefined;
  #dropped = false;

  constructor(server: SocketServer) {
    this.#server = server;
  }

  open({ interaction, after, resumeOf }: OpenRequest): Promise<string> {
    const { port, token } = this.#server;
    const resume = resumeOf === undefined ? "" : `&resume_of=${resumeOf}`;
    const path = `/comms/stream?scope=interaction&interaction_id=${interaction}&after_sequence=${after}${resume}`;
    const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
    return new Promise((resolve, reject) => {
      this.#request = get({ host: "127.0.0.1", port, path, headers, agent: false }, (response) =>
        this.#read(response, resolve),
      ).on("error", (error) => this.#dropped || reject(error));
    });
  }

  close(): never {
    throw new Error("server-sent events are closed by nobody but their reader's going away");
  }

  drop(): void {
    this.#dropped = true;
    this.#request?.destroy();
  }

  #read(response: IncomingMessage, opened: (said: string) => void): void {
    let text = "";
    response.setEncoding("utf8").on("error", () => undefined);
    if (response.statusCode !== 200) {
      response
        .on("data", (chunk) => (text += chunk))
        .on("end", () => opened(`refused ${(JSON.parse(text) as { code: string }).code}`));
      return;
    }
    response.on("data", (chunk) => {
      if (this.#dropped) return;
      text += chunk;
      const frames = text.split("\n\n");
      text = frames.pop()!;
      for (const frame of frames) this.#frame(frame, opened);
    });
  }

  #frame(frame: string, opened: (said: string) => void): void {
    const field = (name: string): string | undefined =>
      frame
        .split("\n")
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const kind = field("event");
    if (kind === undefined) return;
    const data = JSON.parse(field("data")!) as Opened & { reason: string };
    if (kind === "stream_opened") {
      this.streamId = data.stream_id;
      opened(opening(data));
    } else this.heard.push(kind === "stream_closed" ? data.reason : Number(field("id")));
  }
}
