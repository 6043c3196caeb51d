import type { Command } from "commander";
import { type Parley, ParleyError } from "../../../sdks/typescript/src/index.js";
import { parseDuration, parseJson, UsageError } from "../arguments.js";
import { withClient } from "../client.js";
import { nearest } from "../nearest.js";
import { note, paint, print, printJson } from "../output.js";
import { printEvents } from "../print-events.js";
import { readJsonFromStdin, readStdin } from "../stdin.js";

export interface SendFlags {
  stream?: boolean;
  intent?: string;
  params?: string;
  input?: string;
  reply?: string;
  cancel?: string;
  status: "accepted" | "completed" | "failed";
  idempotencyKey?: string;
  ttl?: string;
  steer?: boolean;
  expectPeer?: string;
}

type CommsCommand = Parameters<Parley["send"]>[0];
type InteractionCommand = Parameters<Parley["sendAndStream"]>[0];

export async function send(
  to: string | undefined,
  body: string | undefined,
  flags: SendFlags,
  command: Command,
): Promise<void> {
  await withClient(command, async (client, options) => {
    const request = options.requestFromStdin
      ? ((await readJsonFromStdin("--json -")) as CommsCommand)
      : await commandFrom(client, to, body, flags);
    if (!flags.stream) {
      const receipt = await client.send(request).catch((error) => withSuggestion(client, to, error));
      if (options.json) printJson(receipt);
      else print(describeReceipt(receipt as unknown as Record<string, unknown>));
      return;
    }
    const { receipt, stream } = await client
      .sendAndStream(request as InteractionCommand)
      .catch((error) => withSuggestion(client, to, error));
    if (options.json) print(JSON.stringify(receipt));
    else note(paint("dim", describeReceipt(receipt as unknown as Record<string, unknown>)));
    if ("interaction_id" in receipt) onInterrupt(to, receipt.interaction_id);
    process.exitCode = await printEvents(stream, options.json === true);
  });
}

/** Whoever stops reading has not stopped the work: says how to read on and how to cancel it. */
function onInterrupt(to: string | undefined, interactionId: string): void {
  process.once("SIGINT", () => {
    note(`\nthe work goes on; read on with: parley stream --interaction ${interactionId} --no-follow`);
    if (to !== undefined) note(`cancel it with: parley send ${to} --cancel ${interactionId}`);
    process.exit(130);
  });
}

/** A name that was mistyped: says which peer has one like it. */
async function withSuggestion(client: Parley, to: string | undefined, error: unknown): Promise<never> {
  if (to !== undefined && error instanceof ParleyError && error.code === "peer_not_found") {
    const { peers } = await client.peers().catch(() => ({ peers: [] }));
    const name = nearest(
      to,
      peers.map((peer) => peer.name),
    );
    if (name !== undefined)
      throw Object.assign(error, { hint: `did you mean ${name}? parley send ${name} ...` });
  }
  throw error;
}

async function commandFrom(
  client: Parley,
  to: string | undefined,
  body: string | undefined,
  flags: SendFlags,
): Promise<CommsCommand> {
  const options = optionsFrom(flags);
  const stream = flags.stream ? { stream: "reserve_interaction" as const } : {};
  if (flags.input !== undefined) {
    const { session } = await client.sessions.get({ name: flags.input });
    // With --input the only positional word is the body.
    return { kind: "input", session_id: session.session_id, body: await bodyFrom(to), ...stream, ...options };
  }
  if (to === undefined)
    throw new UsageError('say whom to send to: parley send <peer> "text" (parley peers lists them)');
  if (flags.cancel !== undefined) {
    const params = { interaction_id: flags.cancel };
    return { kind: "peer_request", to, intent: "comms.cancel", params, ...stream, ...options };
  }
  if (flags.reply !== undefined) {
    const result = resultFrom(await bodyFrom(body));
    return { kind: "peer_response", to, in_reply_to: flags.reply, status: flags.status, result, ...options };
  }
  if (flags.stream || flags.intent !== undefined || flags.params !== undefined) {
    const params =
      flags.params === undefined ? { body: await bodyFrom(body) } : parseJson("--params", flags.params);
    return { kind: "peer_request", to, intent: flags.intent ?? "ask", params, ...stream, ...options };
  }
  return { kind: "peer_message", to, body: await bodyFrom(body), ...options };
}

function optionsFrom({ idempotencyKey, ttl, steer, expectPeer }: SendFlags): Pick<CommsCommand, "options"> {
  const options = {
    ...(idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }),
    ...(ttl === undefined ? {} : { ttl_ms: parseDuration(ttl) }),
    ...(steer ? { handling: "steer" as const } : {}),
    ...(expectPeer === undefined ? {} : { expect_peer_id: expectPeer }),
  };
  return Object.keys(options).length === 0 ? {} : { options };
}

export async function bodyFrom(word: string | undefined): Promise<string> {
  if (word !== undefined && word !== "-") return word;
  if (word === undefined && process.stdin.isTTY) throw new UsageError("say what to send, or pipe it in");
  return readStdin();
}

/** JSON as it is, anything else as text. */
export function resultFrom(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a person should know of a delivery that is not yet in the recipient's hands. */
const unfinished: Readonly<Record<string, string>> = {
  held: "held: the recipient's policy lets a person decide",
  queued: "queued: the recipient's daemon is not reached yet",
  ambiguous: "its delivery is being asked for",
};

export function describeReceipt(receipt: Record<string, unknown>): string {
  const { state } = (receipt.delivery ?? {}) as { state?: string };
  const notes = [
    ...(receipt.deduplicated ? ["sent before; this is its first receipt"] : []),
    ...(state !== undefined && state in unfinished ? [unfinished[state]] : []),
  ];
  const id = receipt.interaction_id ?? receipt.envelope_id;
  return `accepted ${id}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}
