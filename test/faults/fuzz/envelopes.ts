import { once } from "node:events";
import { WebSocket } from "ws";
import { answerGuardMs, http, RawClient } from "../abuse/raw-client.js";
import type { Seeded } from "../kit/seeded.js";
import { type AnswerFrame, flawOfFrames, flawOfReply, framesOf } from "./json-rpc-answer.js";
import { idsDue, messages } from "./messages.js";

/** Messages that one WebSocket takes before another is opened. */
const perSocket = 50;

/** Says messages to JSON-RPC over POST and over a WebSocket and to MCP; tells what was answered as no protocol allows. */
export async function fuzzEnvelopes(
  address: string,
  token: string,
  random: Seeded,
  count: number,
): Promise<string[]> {
  const broken: string[] = [];
  const row = messages(random);
  let socket: Conversation | undefined;
  for (let n = 0; n < count; n += 1) {
    if (n % perSocket === 0) {
      socket?.close();
      socket = await Conversation.start(address, token);
    }
    const text = row.next().value;
    const flaws = await Promise.all([
      posted(address, token, "/rpc", text),
      posted(address, token, "/mcp", text),
      socket!.say(text),
    ]);
    for (const flaw of flaws)
      if (flaw !== undefined) broken.push(`message ${n}: ${flaw}; ${text.slice(0, 1_000)}`);
    if (socket!.isClosed) socket = await Conversation.start(address, token);
  }
  socket?.close();
  return broken;
}

async function posted(
  address: string,
  token: string,
  path: string,
  text: string,
): Promise<string | undefined> {
  using client = new RawClient({ port: Number(new URL(address).port) });
  await client.opened;
  const headers: [string, string][] = [
    ["Authorization", `Bearer ${token}`],
    ["Content-Type", "application/json"],
  ];
  client.write(http("POST", path, headers, text));
  const { replies, hung } = await client.replies(1);
  const [reply] = replies;
  if (reply === undefined) return `${path}: ${hung ? "no answer" : "closed without an answer"}`;
  if (reply.body === "")
    return reply.status === 202 || reply.status === 204 ? undefined : `${path}: ${reply.status}, empty`;
  const read = flawOfReply(reply);
  if (read !== undefined) return `${path}: ${read}`;
  const frames = framesOf(reply.body);
  const due = path === "/rpc" ? idsDue(text) : undefined;
  const flaw = due && frames && flawOfIds(due, frames);
  return flaw && `${path}: ${flaw}`;
}

/** Every request is answered once, and nothing else is. */
function flawOfIds(due: readonly (string | number)[], frames: readonly AnswerFrame[]): string | undefined {
  const order = (ids: readonly unknown[]): string =>
    ids
      .map((id) => JSON.stringify(id))
      .sort()
      .join(" ");
  const answered = frames.map(({ id }) => id);
  return order(due) === order(answered) ? undefined : `asked ${order(due)}, answered ${order(answered)}`;
}

/** A WebSocket that is asked for a sign of life after each message: what is due has been said by then, or follows. */
class Conversation {
  readonly #ws: WebSocket;
  readonly #frames: AnswerFrame[] = [];
  #wake: () => void = () => undefined;
  #closed: string | undefined;
  #asked = 0;

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on("message", (data: Buffer) => {
      this.#frames.push(...([JSON.parse(data.toString())].flat() as AnswerFrame[]));
      this.#wake();
    });
    ws.on("close", (code) => {
      this.#closed = `closed with ${code}`;
      this.#wake();
    });
    ws.on("error", () => undefined);
  }

  static async start(address: string, token: string): Promise<Conversation> {
    const headers = { authorization: `Bearer ${token}` };
    const ws = new WebSocket(`${address.replace("http", "ws")}/rpc`, { headers });
    const conversation = new Conversation(ws);
    await once(ws, "open");
    return conversation;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  async say(text: string): Promise<string | undefined> {
    const sign = `sign of life ${this.#asked++}`;
    this.#ws.send(text);
    this.#ws.send(JSON.stringify({ jsonrpc: "2.0", id: sign, method: "system/health" }));
    const end = performance.now() + answerGuardMs;
    for (let at = 0; ; ) {
      for (; at < this.#frames.length; at += 1)
        if (this.#frames[at]!.id === sign) return flawOfFrames(this.#take());
      if (this.#closed !== undefined) return `ws: ${this.#closed}`;
      const left = end - performance.now();
      if (left <= 0) return "ws: no sign of life";
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Everything said so far but events. */
  #take(): AnswerFrame[] {
    return this.#frames.splice(0).filter(({ method }) => method === undefined);
  }

  close(): void {
    this.#ws.terminate();
  }
}
