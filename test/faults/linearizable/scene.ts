import { Agent, request } from "node:http";
import type { TestDaemon } from "../../support/daemon.js";
import type { Answer } from "./rpc-client.js";

/** Where one history happens: a daemon that is killed now and then, and how far the history is. */
export class Scene {
  readonly daemon: TestDaemon;
  readonly history: number;
  /** What nobody should have been answered. */
  readonly broken: string[] = [];
  readonly #most: number;
  readonly #done: () => number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #killed = false;
  #calls = 0;
  #lives = 1;

  /** `done` counts the operations of the history so far, of which there are to be `most`. */
  constructor(daemon: TestDaemon, history: number, most: number, done: () => number) {
    this.daemon = daemon;
    this.history = history;
    this.#most = most;
    this.#done = done;
  }

  /** The session that answers in this life: what a kill left in an inbox fills none of a later one's. */
  get host(): string {
    return `host-${this.history}-${this.#lives}`;
  }

  async begin(): Promise<void> {
    await this.post("sessions/open", { name: this.host, ttl_ms: 0 });
  }

  goesOn(): boolean {
    return !this.#killed && this.#done() < this.#most;
  }

  nextId(): number {
    this.#calls += 1;
    return this.#calls;
  }

  odd(what: string): void {
    this.broken.push(what);
  }

  kill(): Promise<void> {
    this.#killed = true;
    return this.daemon.stop("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.daemon.restart();
    this.#lives += 1;
    this.#killed = false;
    await this.begin();
  }

  end(): void {
    this.#agent.destroy();
  }

  /** One JSON-RPC call over the unix socket, never tried again. */
  async post(method: string, params: object, session?: string): Promise<Answer> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: this.nextId(), method, params });
    const headers = {
      "content-type": "application/json",
      ...(session === undefined ? {} : { "parley-session": session }),
    };
    const text = await this.#ask("POST", "/rpc", headers, body);
    return text === undefined ? "lost" : read(text);
  }

  /** The reservation's state as anybody may see it at any time; undefined when nobody heard. */
  async stateOf(interaction: string): Promise<string | undefined> {
    const path = `/comms/stream?scope=interaction&interaction_id=${interaction}&follow=false`;
    const text = await this.#ask("GET", path, { accept: "application/json" });
    if (text === undefined) return undefined;
    const { snapshot, code } = JSON.parse(text) as { snapshot?: { state: string }; code?: string };
    if (snapshot === undefined) this.odd(`a look was refused: ${code}`);
    return snapshot?.state;
  }

  #ask(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<string | undefined> {
    const { socketPath } = this.daemon;
    return new Promise((resolve) => {
      const outgoing = request({ agent: this.#agent, socketPath, method, path, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
        response
          .on("end", () => resolve(response.complete ? text : undefined))
          .on("error", () => resolve(undefined));
      });
      outgoing.on("error", () => resolve(undefined));
      outgoing.end(body);
    });
  }
}

function read(text: string): Answer {
  const { result, error } = JSON.parse(text) as {
    result?: Record<string, unknown>;
    error?: { code: number; message: string; data?: { code?: string } };
  };
  return result === undefined
    ? { refused: error?.data?.code ?? `${error?.code} ${error?.message}` }
    : { result };
}
