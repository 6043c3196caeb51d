import type { Deadline } from "./deadline.js";
import { clientError, errorFrom, isErrorPayload } from "./errors.js";
import { httpError, parseJson } from "./http-errors.js";
import type { StreamOptions } from "./options.js";
import { SseParser } from "./sse.js";
import type { HttpFlow } from "./transport.js";

const defaultIdleTimeout = 45_000;

/** One exchange with the daemon's `/mcp`. */
export interface McpExchange {
  /** The session of MCP that an `initialize` opened. */
  readonly sessionId: string | undefined;
  /** The messages that came back, each one JSON text, as they come; a notification is answered by none. */
  readonly messages: AsyncIterable<string>;
}

/**
 * Reads a reply of `/mcp`, which is one JSON text or a stream of events. Rejects with the daemon's error when the reply
 * is no message of MCP. A stream that stays silent for `idleTimeout` milliseconds is lost: the daemon sends heartbeats.
 */
export async function readMcp(
  flow: HttpFlow,
  { idleTimeout = defaultIdleTimeout, signal }: StreamOptions,
  address: string,
  deadline: Deadline,
): Promise<McpExchange> {
  const sessionId = flow.headers["mcp-session-id"];
  if (flow.headers["content-type"]?.startsWith("text/event-stream") === true)
    return { sessionId, messages: events(flow, idleTimeout, address, signal) };
  const stop = deadline.onFailure(() => flow.destroy());
  const text = await flow.text().finally(stop);
  const isRefused = flow.status >= 300 && (text === "" || flow.status < 400);
  if (isRefused) throw httpError(flow.status, text, address);
  if (text === "") return { sessionId, messages: only([]) };
  const value = parseJson(text);
  if (isErrorPayload(value)) throw errorFrom(value);
  if (typeof value !== "object" || value === null)
    throw clientError(
      "internal",
      `${address} answered HTTP ${flow.status} with something that is no message of MCP.`,
    );
  return { sessionId, messages: only([text]) };
}

async function* only(texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

async function* events(
  flow: HttpFlow,
  idleTimeout: number,
  address: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const drop = (): void => flow.destroy();
  signal?.addEventListener("abort", drop, { once: true });
  if (signal?.aborted) drop();
  const parser = new SseParser();
  const body = flow.body[Symbol.asyncIterator]();
  let idle: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      idle = setTimeout(drop, idleTimeout);
      const { done, value } = await body.next();
      clearTimeout(idle);
      if (done) return;
      for (const { data } of parser.push(value)) yield data;
    }
  } catch (error) {
    throw clientError("daemon_unreachable", `The stream from ${address} broke off.`, error);
  } finally {
    clearTimeout(idle);
    signal?.removeEventListener("abort", drop);
    drop();
  }
}
