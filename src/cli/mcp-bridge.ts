import { setTimeout as pause } from "node:timers/promises";
import { type McpExchange, type Parley, ParleyError } from "../../sdks/typescript/src/index.js";
import { type ErrorCode, errors } from "../generated/errors.js";

const subscriptionId = "io.modelcontextprotocol/subscriptionId";
const protocolVersion = "io.modelcontextprotocol/protocolVersion";
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** A message as far as the bridge looks into it. */
interface Message {
  id?: string | number;
  method?: string;
  params?: {
    uri?: unknown;
    name?: unknown;
    requestId?: unknown;
    notifications?: { resourceSubscriptions?: unknown };
    _meta?: Record<string, unknown>;
  };
  result?: unknown;
  error?: unknown;
}

export interface McpBridgeOptions {
  client: Parley;
  /** The session that everything is done as. */
  session: string;
  /** Takes one message for the agent's client. */
  write(message: string): void;
}

/**
 * Passes messages between an agent's MCP client and the daemon's `/mcp`. It knows nothing of tools and resources, so that
 * it never has to be upgraded for them. What it remembers are subscriptions: when the daemon comes back they are made
 * again, and the client is told that what it watches may have changed.
 */
export class McpBridge {
  readonly #client: Parley;
  readonly #session: string;
  readonly #write: (message: string) => void;
  readonly #stop = new AbortController();
  /** Requests under way, by id. */
  readonly #pending = new Map<string, AbortController>();
  /** Work that an end waits for. */
  readonly #answers = new Set<Promise<void>>();
  /** Session of MCP, in the revisions that have sessions. */
  #sessionId: string | undefined;
  readonly #subscribed = new Set<string>();
  #following = false;

  constructor({ client, session, write }: McpBridgeOptions) {
    this.#client = client;
    this.#session = session;
    this.#write = write;
  }

  /** Takes one message of the client. What becomes of it is written, never thrown. */
  take(line: string): void {
    const message = parse(line);
    if (message.method === "notifications/cancelled") {
      this.#pending.get(JSON.stringify(message.params?.requestId))?.abort();
      return;
    }
    const answer = this.#answer(line, message);
    if (message.method === "subscriptions/listen") return;
    this.#answers.add(answer);
    void answer.finally(() => this.#answers.delete(answer));
  }

  /** The client is gone: what it asked for is answered, streams end. */
  async close(): Promise<void> {
    await Promise.all(this.#answers);
    this.#stop.abort();
  }

  async #answer(line: string, message: Message): Promise<void> {
    const cancel = new AbortController();
    const key = JSON.stringify(message.id);
    const isRequest = message.id !== undefined && message.method !== undefined;
    if (isRequest) this.#pending.set(key, cancel);
    const signal = AbortSignal.any([this.#stop.signal, cancel.signal]);
    try {
      if (message.method === "subscriptions/listen") await this.#listen(line, message, signal);
      else await this.#forward(line, message, signal);
    } catch (error) {
      if (!signal.aborted && (isRequest || message === unreadable))
        this.#write(errorAnswer(message.id ?? null, error));
    } finally {
      if (this.#pending.get(key) === cancel) this.#pending.delete(key);
    }
  }

  async #forward(line: string, message: Message, signal: AbortSignal): Promise<void> {
    const { sessionId, messages } = await this.#exchange(line, message, signal);
    if (message.method === "initialize") {
      this.#sessionId = sessionId;
      this.#subscribed.clear();
    }
    for await (const text of messages) {
      this.#write(text);
      this.#note(message, parse(text));
    }
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
        if (!known || !isAway(error)) throw error;
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

/** The headers that repeat a message of the stateless revisions, for daemons that are reached over TCP. */
function mirrored({ method, params }: Message): Record<string, string> {
  const version = params?._meta?.[protocolVersion];
  if (typeof version !== "string" || method === undefined) return {};
  const name = params?.name ?? params?.uri;
  return {
    "mcp-protocol-version": headerValue(version),
    "mcp-method": headerValue(method),
    ...(typeof name === "string" ? { "mcp-name": headerValue(name) } : {}),
  };
}

/** What does not fit into a header as it is travels as base64 between markers. */
function headerValue(text: string): string {
  const fits = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith("=?base64?");
  return fits ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

function updated(params: object): string {
  return JSON.stringify({ jsonrpc: "2.0", method: "notifications/resources/updated", params });
}

/** Whether the daemon may come back. */
function isAway(error: unknown): boolean {
  return (
    error instanceof ParleyError &&
    ["daemon_unreachable", "deadline_exceeded", "shutting_down"].includes(error.code)
  );
}

/** A daemon that is away becomes a JSON-RPC error, so that the agent's client hears of it and stays connected. */
function errorAnswer(id: string | number | null, thrown: unknown): string {
  const { message } = thrown as Error;
  const known = thrown instanceof ParleyError && Object.hasOwn(errors, thrown.code);
  const code = known ? errors[thrown.code as ErrorCode].rpc : errors.internal.rpc;
  const error = known ? { code, message, data: thrown.toJSON() } : { code, message };
  return JSON.stringify({ jsonrpc: "2.0", id, error });
}

/** What is no message; the daemon says what is wrong with it. */
const unreadable: Message = {};

function parse(text: string): Message {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Message) : unreadable;
  } catch {
    return unreadable;
  }
}
