import { setTimeout as pause } from "node:timers/promises";
import { type McpExchange, ParleyError, type StreamOptions } from "../../sdks/typescript/src/index.js";
import { introduced, isStateless, localAnswer, noted, setupMethods, toolFailure } from "./mcp-local.js";
import {
  errorAnswer,
  errorCodeOf,
  keyed,
  type Message,
  mirrored,
  parse,
  payloadOf,
  unreadable,
  updated,
} from "./mcp-message.js";
import { isOutage, OutageQueue } from "./outage-queue.js";
import { Pauses } from "./pauses.js";

const subscriptionId = "io.modelcontextprotocol/subscriptionId";
/** The longest pause between tries to listen again, milliseconds. */
const listenPauseMs = 5_000;
/** Messages that wait for the daemon, bytes; above it no more are read from the client. */
const keptBytes = 8 * 1024 * 1024;
/** How long messages wait for a daemon that is away, milliseconds: clients give a call up after a minute, many sooner. */
const defaultPatienceMs = 10_000;
/** How long a client that starts waits for the daemon's own answer, milliseconds. */
const setupLimitMs = 3_000;

/** The bridge's way to the daemon, as the session that everything is done as. */
export interface BridgeLink {
  /** Resolves when the first attempt to have a session has ended in some way. */
  readonly settled: Promise<void>;
  /** Why there is no session now. */
  readonly fault: ParleyError | undefined;
  /** What the agent must learn about its session. */
  notice(): string | undefined;
  exchange(line: string | undefined, options: StreamOptions): Promise<McpExchange>;
}

export interface McpBridgeOptions {
  link: BridgeLink;
  /** Takes one message for the agent's client. */
  write(message: string): void;
  /** How long messages wait for a daemon that is away, from the beginning of the outage; default 10,000 ms. */
  patienceMs?: number;
}

/**
 * Passes messages between an agent's MCP client and the daemon's `/mcp`. What a client asks once, when it starts, is always
 * answered: by the daemon, or here when it cannot be reached. Otherwise the bridge knows nothing of tools and resources, so
 * that it never has to be upgraded for them, except that a `send` gets an idempotency key. During an outage messages wait a
 * while and are delivered in their order when the daemon is back, each once; subscriptions are then made again, and the
 * client is notified that what it watches may have changed.
 */
export class McpBridge {
  readonly #link: BridgeLink;
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
  /** The client's own `initialize`, when the daemon has not seen it. */
  #owedInitialize: string | undefined;
  #initializing: Promise<void> | undefined;
  #hasInitialized = false;
  #isSettled = false;
  /** Listeners of the stateless revision that asked for changes of lists, by their ids. */
  readonly #listeners = new Map<string | number, Asked>();

  constructor({ link, write, patienceMs = defaultPatienceMs }: McpBridgeOptions) {
    this.#link = link;
    this.#write = write;
    this.#queue = new OutageQueue({ patienceMs, limitBytes: keptBytes });
  }

  /** Takes one message of the client. Its outcome is written, never thrown. Resolves when the next one may be taken. */
  async take(line: string): Promise<void> {
    if (!this.#isSettled) {
      await within(this.#link.settled, setupLimitMs);
      this.#isSettled = true;
    }
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

  /** The session, the daemon or both are others now: lists may have changed. */
  listsChanged(): void {
    const kinds = [
      ["toolsListChanged", "notifications/tools/list_changed"],
      ["resourcesListChanged", "notifications/resources/list_changed"],
    ] as const;
    for (const [kind, method] of kinds) {
      if (this.#hasInitialized) this.#write(JSON.stringify({ jsonrpc: "2.0", method }));
      for (const [id, asked] of this.#listeners)
        if (asked[kind] === true)
          this.#write(
            JSON.stringify({ jsonrpc: "2.0", method, params: { _meta: { [subscriptionId]: id } } }),
          );
    }
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
      if (isRequest && setupMethods.has(message.method)) await this.#setUp(sent, message, signal);
      else if (message.method === "subscriptions/listen") await this.#listen(sent, message, signal);
      else if (this.#link.fault !== undefined) throw this.#link.fault;
      else
        await this.#queue.run(() => this.#forward(sent, message, isRequest, signal), {
          bytes: Buffer.byteLength(line),
          repeatable,
          signal,
        });
    } catch (error) {
      const hint = isOutage(error) && key !== undefined ? hintOf(key) : "";
      if (signal.aborted) return;
      if (Array.isArray(message)) this.#write(batchAnswer(message, error));
      if (!isRequest && message !== unreadable) return;
      if (message.method === "tools/call") this.#write(toolFailure(message, payloadOf(error, hint)));
      else this.#write(errorAnswer(message.id ?? null, error, hint));
    } finally {
      if (this.#pending.get(id) === cancel) this.#pending.delete(id);
    }
  }

  /** Answers what a client asks when it starts: clients start their servers once, and give one up that fails then. */
  async #setUp(line: string, message: Message, signal: AbortSignal): Promise<void> {
    const isInitialize = message.method === "initialize";
    if (isInitialize) {
      this.#owedInitialize = line;
      this.#sessionId = undefined;
      this.#subscribed.clear();
    }
    const limit = AbortSignal.timeout(setupLimitMs);
    try {
      if (this.#link.fault !== undefined) throw this.#link.fault;
      await this.#forward(line, message, true, AbortSignal.any([signal, limit]));
      if (isInitialize) this.#owedInitialize = undefined;
    } catch (error) {
      if (signal.aborted) return;
      const reason = limit.aborted ? "The Parley daemon does not answer." : (error as Error).message;
      this.#write(localAnswer(message, reason));
    }
    if (isInitialize) this.#hasInitialized = true;
  }

  async #forward(line: string, message: Message, isRequest: boolean, signal: AbortSignal): Promise<void> {
    const { sessionId, messages } = await this.#exchange(line, message, signal);
    if (message.method === "initialize") this.#sessionId = sessionId;
    let answered = !isRequest;
    for await (const text of messages) {
      const answer = parse(text);
      const isAnswer = answer.method === undefined && answer.id === message.id;
      if (isAnswer && errorCodeOf(answer) === "shutting_down")
        throw away("The daemon is stopping.", "shutting_down");
      this.#write(isAnswer ? this.#edited(message, text) : text);
      answered ||= isAnswer;
      this.#note(message, answer);
    }
    if (!answered) throw away("The daemon ended the connection before it answered.", "daemon_unreachable");
  }

  /** The daemon's answer with what the bridge has to add. */
  #edited({ method }: Message, text: string): string {
    if (method === "initialize" || method === "server/discover") return introduced(text, this.#link.notice());
    if (method !== "tools/call") return text;
    const notice = this.#link.notice();
    return notice === undefined ? text : noted(text, notice);
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
    const pauses = new Pauses(signal, listenPauseMs);
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
    const pauses = new Pauses(signal, listenPauseMs);
    const asked = params?.notifications ?? {};
    if (id !== undefined) {
      this.#listeners.set(id, asked);
      signal.addEventListener("abort", () => this.#listeners.delete(id), { once: true });
    }
    for (let known = false; !signal.aborted; ) {
      try {
        if (this.#link.fault !== undefined) throw this.#link.fault;
        const { messages } = await this.#exchange(line, message, signal);
        for await (const text of messages) {
          const { method, error, result } = parse(text);
          if (result !== undefined) break;
          const isAcknowledged = method === "notifications/subscriptions/acknowledged";
          if (!isAcknowledged) this.#write(text);
          else if (!known) this.#write(acknowledgedWith(text, asked));
          else
            for (const uri of uris as string[])
              this.#write(updated({ _meta: { [subscriptionId]: id }, uri }));
          if (error !== undefined) {
            if (id !== undefined) this.#listeners.delete(id);
            return;
          }
          known = true;
          pauses.reset();
        }
      } catch (error) {
        if (!isOutage(error) && this.#link.fault === undefined) {
          if (id !== undefined) this.#listeners.delete(id);
          throw error;
        }
        // A client that waits for the acknowledgement would give the listener up; it is made when the daemon is there.
        if (!known && id !== undefined) this.#write(acknowledgement(id, asked));
        known = true;
      }
      await pauses.next();
    }
  }

  async #exchange(line: string | undefined, message: Message, signal: AbortSignal): Promise<McpExchange> {
    if (message.method !== "initialize" && !isStateless(message)) await this.#initialize();
    const session = this.#sessionId;
    const headers = {
      ...(session === undefined || message.method === "initialize" ? {} : { "mcp-session-id": session }),
      ...mirrored(message),
    };
    return this.#link.exchange(line, { headers, signal });
  }

  /** Lets the daemon have the `initialize` that was answered in its place. */
  #initialize(): Promise<void> {
    const line = this.#owedInitialize;
    if (line === undefined || !this.#hasInitialized) return Promise.resolve();
    this.#initializing ??= this.#link
      .exchange(line, { signal: this.#stop.signal })
      .then(async ({ sessionId, messages }) => {
        for await (const _ of messages);
        this.#sessionId = sessionId;
        this.#owedInitialize = undefined;
      })
      .finally(() => {
        this.#initializing = undefined;
      });
    return this.#initializing;
  }
}

/** The answer to a batch, which only revision 2025-03-26 has, when none of its calls was made. */
function batchAnswer(messages: readonly (Message | null)[], error: unknown): string {
  const answers = messages.flatMap((one) =>
    one?.id === undefined || one.method === undefined ? [] : [errorAnswer(one.id, error)],
  );
  return answers.length === 0 ? errorAnswer(null, error) : `[${answers.join(",")}]`;
}

/** Resolves when the work has ended, or after the limit. */
async function within(work: Promise<void>, limitMs: number): Promise<void> {
  const over = new AbortController();
  const limit = pause(limitMs, undefined, { signal: over.signal, ref: false }).catch(() => {});
  await Promise.race([work, limit]);
  over.abort();
}

type Asked = NonNullable<NonNullable<Message["params"]>["notifications"]>;

/** The kinds of changes that the bridge reports itself. */
function ownKinds({ toolsListChanged, resourcesListChanged }: Asked): object {
  return {
    ...(toolsListChanged === true ? { toolsListChanged } : {}),
    ...(resourcesListChanged === true ? { resourcesListChanged } : {}),
  };
}

function acknowledgement(id: string | number, asked: Asked): string {
  const { resourceSubscriptions } = asked;
  const notifications = {
    ...ownKinds(asked),
    ...(resourceSubscriptions === undefined ? {} : { resourceSubscriptions }),
  };
  const params = { _meta: { [subscriptionId]: id }, notifications };
  return JSON.stringify({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params });
}

/** The daemon's acknowledgement with what the bridge adds to it. */
function acknowledgedWith(text: string, asked: Asked): string {
  const message = JSON.parse(text) as { params?: { notifications?: object } };
  if (message.params === undefined) return text;
  message.params.notifications = { ...message.params.notifications, ...ownKinds(asked) };
  return JSON.stringify(message);
}

function away(message: string, code: "shutting_down" | "daemon_unreachable"): ParleyError {
  return new ParleyError({ code, message, retryable: true });
}

/** What an agent can do about a `send` whose outcome is not known. */
function hintOf(key: string): string {
  return ` The command may have been accepted. Send it again with "options": {"idempotency_key": "${key}"}: it is accepted once.`;
}
