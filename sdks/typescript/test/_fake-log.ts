import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { WebSocket } from "ws";

interface OpenRequest {
  after_sequence?: number | string;
  follow?: boolean | string;
  resume_of?: string;
}

/** What a reader is given: a frame, or an end of its connection. */
interface Reader {
  event(payload: object): void;
  closed(reason: string): void;
  cut(): void;
}

/** The log of one interaction behind the fake's streams, with a script of where connections break. */
export class FakeLog {
  readonly scope = { kind: "interaction" as const, interaction_id: randomUUID() };
  readonly events: object[] = [];
  readonly opens: OpenRequest[] = [];
  readonly #readers = new Map<string, { reader: Reader; next: number; left: number }>();
  readonly #known = new Set<string>();
  /** Frames that a connection carries before it breaks; undefined never breaks it. */
  cutAfter: () => number | undefined = () => undefined;
  /** An error payload for an open call, undefined to let it through. */
  refuse: (request: OpenRequest) => object | undefined = () => undefined;
  /** The terminal event went out: no reader may follow any more. */
  #completed = false;

  append(event: object): void {
    this.events.push(event);
    for (const id of [...this.#readers.keys()]) this.#pump(id);
  }

  /** Ends every open stream with a reason. */
  end(reason: string): void {
    for (const { reader } of this.#readers.values()) reader.closed(reason);
    this.#readers.clear();
  }

  /** Forgets streams as a restarted daemon does. */
  forget(): void {
    this.#readers.clear();
    this.#known.clear();
  }

  serveSocket(id: number, request: OpenRequest, webSocket: WebSocket): void {
    const send = (message: object): void => webSocket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
    const notify = (method: string) => (params: object) => send({ method, params });
    const refused = this.#refused(request);
    if (refused !== undefined) {
      send({ id, error: { code: -31000, message: "", data: refused } });
      return;
    }
    const stream_id = randomUUID();
    send({ id, result: this.#opened(stream_id) });
    const closed = notify("comms/stream_closed");
    this.#attach(stream_id, request, {
      event: notify("comms/stream_event"),
      closed: (reason) => closed({ stream_id, reason }),
      cut: () => webSocket.terminate(),
    });
    webSocket.on("close", () => this.#readers.delete(stream_id));
  }

  serveEvents(request: OpenRequest, response: ServerResponse): void {
    const refused = this.#refused(request);
    if (refused !== undefined) {
      response.writeHead(409, { "content-type": "application/json" });
      response.end(JSON.stringify(refused));
      return;
    }
    const stream_id = randomUUID();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("retry: 2000\n\n");
    response.write(`event: stream_opened\ndata: ${JSON.stringify(this.#opened(stream_id))}\n\n`);
    this.#attach(stream_id, request, {
      event: (payload) => {
        const { sequence, event } = payload as { sequence: number; event: { kind: string } };
        response.write(`id: ${sequence}\nevent: ${event.kind}\ndata: ${JSON.stringify(payload)}\n\n: hb\n\n`);
      },
      closed: (reason) =>
        response.end(`event: stream_closed\ndata: ${JSON.stringify({ stream_id, reason })}\n\n`),
      cut: () => response.destroy(),
    });
    response.on("close", () => this.#readers.delete(stream_id));
  }

  #refused(request: OpenRequest): object | undefined {
    this.opens.push(request);
    const refused = this.refuse(request);
    if (refused !== undefined) return refused;
    const follow = String(request.follow ?? true) === "true";
    if (request.resume_of !== undefined && !this.#known.has(request.resume_of))
      return { code: "stream_not_found", message: "no such stream", retryable: false };
    if (follow && this.#completed) return { code: "not_reserved", message: "over", retryable: false };
    return undefined;
  }

  #opened(stream_id: string): object {
    const { scope } = this;
    const last_sequence = this.events.length;
    return { stream_id, scope, snapshot: { state: "attached", first_sequence: 1, last_sequence } };
  }

  #attach(id: string, request: OpenRequest, reader: Reader): void {
    this.#known.add(id);
    const next = Number(request.after_sequence ?? 0);
    this.#readers.set(id, { reader, next, left: this.cutAfter() ?? Number.POSITIVE_INFINITY });
    this.#pump(id);
    if (String(request.follow ?? true) === "true" || !this.#readers.delete(id)) return;
    reader.closed("drained");
  }

  #pump(id: string): void {
    const one = this.#readers.get(id);
    while (one !== undefined && this.#readers.has(id) && one.next < this.events.length) {
      const event = this.events[one.next] as { kind: string };
      const terminal = event.kind === "interaction_complete";
      if (terminal) this.#completed = true;
      if (one.left-- <= 0) {
        this.#readers.delete(id);
        one.reader.cut();
        return;
      }
      one.next += 1;
      one.reader.event({
        stream_id: id,
        scope: this.scope,
        sequence: one.next,
        event_id: randomUUID(),
        at: "2026-11-21T09:30:00.000Z",
        event,
      });
      if (!terminal) continue;
      this.#readers.delete(id);
      one.reader.closed("terminal");
    }
  }
}
