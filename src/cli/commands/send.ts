import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { Parley } from "../../../sdks/typescript/src/index.js";
import { parseDuration, parseJson, UsageError } from "../arguments.js";
import { withClient } from "../client.js";
import { noteInbox } from "../inbox-note.js";
import { note, paint, print, printJson } from "../output.js";
import { EventPrinter, printEvents } from "../print-events.js";
import { printOutcomes, recipientsIn, sendToEach } from "../recipients.js";
import { readJsonFromStdin, readStdin } from "../stdin.js";
import { TimeLimit } from "../time-limit.js";
import { waitNote } from "../wait-note.js";

export interface SendFlags {
  stream?: boolean;
  intent?: string;
  params?: string;
  input?: string;
  source?: string;
  reply?: string;
  cancel?: string;
  status: "accepted" | "completed" | "failed";
  idempotencyKey?: string;
  ttl?: string;
  steer?: boolean;
  expectPeer?: string;
  timeout?: string;
  to?: string[];
}

type CommsCommand = Parameters<Parley["send"]>[0];
type InputCommand = Extract<CommsCommand, { kind: "input" }>;
type InteractionCommand = Parameters<Parley["sendAndStream"]>[0];

export async function send(
  first: string | undefined,
  second: string | undefined,
  flags: SendFlags,
  command: Command,
): Promise<void> {
  // With --to the only positional word is the body, as with --input.
  const [list, body] = flags.to === undefined ? [first, second] : [undefined, first];
  if (flags.to !== undefined && second !== undefined)
    throw new UsageError('--to names who gets it: parley send --to ann --to bob "text"');
  const names = flags.input === undefined ? recipientsIn(flags.to ?? (list === undefined ? [] : [list])) : [];
  if (flags.input !== undefined && flags.to !== undefined)
    throw new UsageError("--input names the session that gets it; leave out --to");
  if (names.length > 1) return sendEach(names, body, flags, command);
  const to = flags.input === undefined ? names[0] : first;
  const limit = new TimeLimit(flags.timeout);
  await withClient(command, async (client, options) => {
    const json = options.json === true;
    const request = options.requestFromStdin
      ? readJsonFromStdin("--json -").then((value) => value as CommsCommand)
      : commandFrom(client, to, body, flags);
    const sent = withKey(await limit.within(request, "nothing was sent"));
    const remark = `the daemon did not answer; a repeat with --idempotency-key ${sent.options?.idempotency_key} is accepted once`;
    const recipient = recipientOf(sent) ?? flags.input;
    if (!flags.stream) {
      const receipt = await limit.within(client.send(sent), remark);
      if (json) return printJson(receipt);
      print(describeReceipt(receipt));
      const why = await limit.within(waitNote(client, recipient, sent, receipt), "the daemon did not answer");
      if (why !== undefined) note(paint("dim", why));
      noteInbox(receipt, options);
      return;
    }
    const { receipt, stream } = await limit.within(client.sendAndStream(sent as InteractionCommand), remark);
    if (json) print(JSON.stringify(receipt));
    else note(paint("dim", describeReceipt(receipt)));
    const { interaction_id: id } = receipt as { interaction_id: string };
    onInterrupt(recipient, id);
    const printer = new EventPrinter({ awaitsHost: true });
    if (!json)
      void waitNote(client, recipient, sent, receipt).then(
        (why) => why !== undefined && printer.explainWait(why),
      );
    const printed = await printEvents(stream, { json, printer, end: limit.signal });
    if (printed.cut && limit.signal.aborted) throw limit.error(howToGoOn(recipient, id));
    process.exitCode = printed.failed ? 1 : 0;
  });
}

/** One command for several recipients: each has its own receipt, and takes the same key as its own. */
async function sendEach(
  names: readonly string[],
  body: string | undefined,
  flags: SendFlags,
  command: Command,
): Promise<void> {
  const ofOne = { "--stream": flags.stream, "--reply": flags.reply, "--cancel": flags.cancel };
  const flag = Object.entries({ ...ofOne, "--expect-peer": flags.expectPeer }).find(
    ([, value]) => value,
  )?.[0];
  if (flag !== undefined)
    throw new UsageError(
      flag === "--stream"
        ? "--stream follows one recipient; send with --intent ask, and read each with parley stream --interaction <id>"
        : `${flag} goes with one recipient`,
    );
  const limit = new TimeLimit(flags.timeout);
  await withClient(command, async (client, options) => {
    if (options.requestFromStdin) throw new UsageError("--json - takes the recipient from the request");
    const made = withKey(await limit.within(commandFrom(client, names[0], body, flags), "nothing was sent"));
    const key = made.options?.idempotency_key;
    const remark = `the daemon did not answer; a repeat with --idempotency-key ${key} is accepted once`;
    const outcomes = await sendToEach(names, (to) =>
      limit.within(client.send({ ...made, to } as CommsCommand), remark),
    );
    printOutcomes(outcomes, { json: options.json === true, describeReceipt });
    if (options.json) return;
    for (const { to, result } of outcomes) {
      if (result.status === "rejected") continue;
      const why = await waitNote(client, to, made, result.value);
      if (why !== undefined) note(paint("dim", why));
    }
    const accepted = outcomes.flatMap(({ result }) => (result.status === "fulfilled" ? [result.value] : []));
    if (accepted.length > 0) noteInbox(accepted.at(-1)!, options);
  });
}

/** With its key a command whose answer did not come can be repeated. What is malformed stays so, for the daemon to refuse. */
function withKey(request: CommsCommand): CommsCommand {
  const { options = {} } = isObject(request) ? request : { options: null };
  return isObject(options) ? { ...request, options: { idempotency_key: randomUUID(), ...options } } : request;
}

function recipientOf(request: CommsCommand): string | undefined {
  return isObject(request) && "to" in request && typeof request.to === "string" ? request.to : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A reader that stops has not stopped the work. */
function onInterrupt(to: string | undefined, interactionId: string): void {
  process.once("SIGINT", () => {
    note();
    note(howToGoOn(to, interactionId));
    process.exit(130);
  });
}

function howToGoOn(to: string | undefined, id: string): string {
  const cancel = to === undefined ? "" : `; cancel it with: parley send ${to} --cancel ${id}`;
  return `the work goes on; read on with: parley stream --interaction ${id} --no-follow${cancel}`;
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
    // The daemon names the value that it accepts.
    const source =
      flags.source === undefined ? {} : { source: flags.source as NonNullable<InputCommand["source"]> };
    // With --input the only positional word is the body.
    const body = await bodyFrom(to);
    return { kind: "input", session_id: session.session_id, body, ...source, ...stream, ...options };
  }
  if (flags.source !== undefined)
    throw new UsageError('--source goes with --input: parley send --input <session> "text" --source rpc');
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
  ambiguous: "its delivery is being asked for",
};

export function describeReceipt(sent: object): string {
  const receipt = sent as Record<string, unknown>;
  const { state } = (receipt.delivery ?? {}) as { state?: string };
  const notes = [
    ...(receipt.deduplicated ? ["sent before; this is its first receipt"] : []),
    ...(state !== undefined && state in unfinished ? [unfinished[state]] : []),
  ];
  const id = receipt.interaction_id ?? receipt.envelope_id;
  return `accepted ${id}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}
