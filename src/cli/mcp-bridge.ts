import { setTimeout as pause } from "node:timers/promises";
import { type McpExchange, type Parley, ParleyError } from "../../sdks/typescript/src/index.js";
import {
  errorAnswer,
  errorCodeOf,
  keyed,
  type Message,
  mirrored,
  parse,
  unreadable,
  updated,
} from "./mcp-message.js";
import { isOutage, OutageQueue } from "./outage-queue.js";

const subscriptionId = "io.modelcontextprotocol/subscriptionId";
const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** Messages that wait for the daemon, bytes; above it no more are read from the client. */
const keptBytes = 8 * 1024 * 1024;
/** How long messages wait for a daemon that is away, milliseconds. */
const defaultPatienceMs = 120_000;

export interface McpBridgeOptions {
  client: Parley;
  /** The session that everything is done as. */
  session: string;
  /** Takes one message for the agent's client. */
  write(message: string): void;
  /** How long messages wait for a daemon that is away, from the beginning of the outage; default 120,000 ms. */
  patienceMs?: number;
}

/**
 * Passes messages between an agent's MCP client and the daemon's `/mcp`. It knows nothing of tools and resources, so that
 * it never has to be upgraded for them, except that a `send` gets an idempotency key. While the daemon is away, messages
 * wait and are delivered in their order when it is back, each once; subscriptions are then made again, and the client is
 * notified that what it watches may have changed.
 */
export class McpBridge {
  readonly #client: Parley;
  readonly #session: string;
  readonly #write: (message: string) => void;
  readonly #queue: OutageQueue;
  readonly #stop = new AbortController();
  /** Requests in flight, by id. */
  readonly #pending = new Map<string, AbortController>();
  /** Work that an end waits for. */
  readonly #answers = new Set<Promise<void>>();
  /** Session of MCP, in the revisions that have sessions. */
  #sessionId: string | undefined;
  readonly #subscribed = new Set<string>();
  #following = false;

  constructor({ client, session, write, patienceMs = defaultPatienceMs }: McpBridgeOptions) {
    this.#client = client;
    this.#session = session;
    this.#write = write;
    this.#queue = new OutageQueue({ patienceMs, limitBytes: keptBytes });
  }

  /** Takes one message of the client. Its outcome is written, never thrown. Resolves when the next one may be taken. */
  async take(line: string): Promise<void> {
    const message = parse(line);
    if (message.method === "notifications/cancelled") {
      this.#pending.get(JSON.stringify(message.params?.requestId))?.abort();
      return;
    }
    const answer = this.#answer(line, message);
    if (message.method !== "subscriptions/listen") {
      this.#answers.add(answer);
      void answer.finally(() => this.#answers.delete(answer));
    }
    await this.#queue.room();
  }

  /** The client is gone: its requests are answered, or given up after the limit, and streams end. */
  async close(limitMs?: number): Promise<void> {
    const answered = Promise.all(this.#answers);
    if (limitMs === undefined) await answered;
    else await Promise.race([answered, pause(limitMs, undefined, { ref: false })]);
    this.#stop.abort();
  }

  async #answer(line: string, message: Message): Promise<void> {
    const cancel = new AbortController();
    const id = JSON.stringify(message.id);
    const isRequest = message.id !== undefined && message.method !== undefined;
    if (isRequest) this.#pending.set(id, cancel);
    const signal = AbortSignal.any([this.#stop.signal, cancel.signal]);
    const { line: sent, repeatable, key } = keyed(line, message);
    try {
      if (message.method === "subscriptions/listen") await this.#listen(sent, message, signal);
      else
        await this.#queue.run(() => this.#forward(sent, message, isRequest, signal), {
          bytes: Buffer.byteLength(line),
          repeatable,
          signal,
        });
    } catch (error) {
      const hint = isOutage(error) && key !== undefined ? hintOf(key) : "";
      if (!signal.aborted && (isRequest || message === unreadable))
        this.#write(errorAnswer(message.id ?? null, error, hint));
    } finally {
      if (this.#pending.get(id) === cancel) this.#pending.delete(id);
    }
  }

  async #forward(line: string, message: Message, isRequest: boolean, signal: AbortSignal): Promise<void> {
    const { sessionId, messages } = await this.#exchange(line, message, signal);
    if (message.method === "initialize") {
      this.#sessionId = sessionId;
      this.#subscribed.clear();
    }
    let answered = !isRequest;
    for await (const text of messages) {
      const answer = parse(text);
      const isAnswer = answer.method === undefined && answer.id === message.id;
      if (isAnswer && errorCodeOf(answer) === "shutting_down")
        throw away("The daemon is stopping.", "shutting_down");
      this.#write(text);
      answered ||= isAnswer;
      this.#note(message, answer);
    }
    if (!answered) throw away("The daemon ended the connection before it answered.", "daemon_unreachable");
  }

  /** Keeps in mind what the client subscribed to. */
  #note({ id, method, params }: Message, answer: Message): void {
    if (answer.id !== id || answer.result === undefined || typeof params?.uri !== "string") return;
    if (method === "resources/unsubscribe") this.#subscribed.delete(params.uri);
    if (method !== "resources/subscribe") return;
    this.#subscribed.add(params.uri);
    if (!this.#following) void this.#follow();
  }

  /** Passes on what the session's stream brings, whichever daemon it comes from. */
  async #follow(): Promise<void> {
    this.#following = true;
    const { signal } = this.#stop;
    const pauses = new Pauses(signal);
    for (let again = false; !signal.aborted; again = true) {
      try {
        if (again) await this.#subscribeAgain();
        const { messages } = await this.#exchange(undefined, {}, signal);
        pauses.reset();
        for await (const text of messages) this.#write(text);
      } catch {
        // Away or going away: it is tried again.
      }
      await pauses.next();
    }
  }

  async #subscribeAgain(): Promise<void> {
    for (const uri of this.#subscribed) {
      const message = { jsonrpc: "2.0", id: "parley-mcp", method: "resources/subscribe", params: { uri } };
      const { messages } = await this.#exchange(JSON.stringify(message), message, this.#stop.signal);
      // A refusal is for the client to find when it reads.
      for await (const _ of messages);
      this.#write(updated({ uri }));
    }
  }

  /** A listener lasts until its client cancels it or the daemon refuses it. */
  async #listen(line: string, message: Message, signal: AbortSignal): Promise<void> {
    const { id, params } = message;
    const { resourceSubscriptions: uris = [] } = params?.notifications ?? {};
    const pauses = new Pauses(signal);
    for (let known = false; !signal.aborted; ) {
      try {
        const { messages } = await this.#exchange(line, message, signal);
        for await (const text of messages) {
          const { method, error, result } = parse(text);
          if (result !== undefined) break;
          const again = known && method === "notifications/subscriptions/acknowledged";
          if (!again) this.#write(text);
          else
            for (const uri of uris as string[])
              this.#write(updated({ _meta: { [subscriptionId]: id }, uri }));
          if (error !== undefined) return;
          known = true;
          pauses.reset();
        }
      } catch (error) {
        if (!isOutage(error)) throw error;
      }
      await pauses.next();
    }
  }

  #exchange(line: string | undefined, message: Message, signal: AbortSignal): Promise<McpExchange> {
    const session = this.#sessionId;
    const headers = {
      ...(session === undefined || message.method === "initialize" ? {} : { "mcp-session-id": session }),
      ...mirrored(message),
    };
    return this.#client.exchangeMcp(line, { session: this.#session, headers, signal });
  }
}

/** Growing pauses between tries. */
class Pauses {
  readonly #signal: AbortSignal;
  #ms = firstPauseMs;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  reset(): void {
    this.#ms = firstPauseMs;
  }

  async next(): Promise<void> {
    const ms = this.#ms * (0.5 + Math.random() / 2);
    this.#ms = Math.min(this.#ms * 2, longestPauseMs);
    await pause(ms, undefined, { signal: this.#signal }).catch(() => {});
  }
}

function away(message: string, code: "shutting_down" | "daemon_unreachable"): ParleyError {
  return new ParleyError({ code, message, retryable: true });
}

/** What an agent can do about a `send` whose outcome is not known. */
function hintOf(key: string): string {
  return ` The command may have been accepted. Send it again with "options": {"idempotency_key": "${key}"}: it is accepted once.`;
}
