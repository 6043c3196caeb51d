import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { type Parley, ParleyError } from "../../../sdks/typescript/src/index.js";
import { UsageError } from "../arguments.js";
import { withClient } from "../client.js";
import type { AnyEvent } from "../event-note.js";
import { OpenQuestions, type Question } from "../open-questions.js";
import { note, paint, print, printJson } from "../output.js";
import { waitNote } from "../wait-note.js";
import { bodyFrom } from "./send.js";

interface AnswerFlags {
  request?: string;
}

/** The interaction as its events report it. */
interface Reading {
  asker: string | undefined;
  questions: OpenQuestions;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Answers a question that the host of an interaction asks its sender. */
export async function answer(
  id: string,
  text: string | undefined,
  flags: AnswerFlags,
  command: Command,
): Promise<void> {
  if (!uuid.test(id))
    throw new UsageError(
      `"${id}" is not an interaction's id; it is on the line of the question: parley answer <id> "text"`,
    );
  if (flags.request !== undefined && !uuid.test(flags.request))
    throw new UsageError(`--request takes the id of a question, not "${flags.request}"`);
  await withClient(command, async (client, options) => {
    const { asker, questions } = await read(client, id);
    const requestId = flags.request ?? theOnly(id, questions).requestId;
    // The session that sent the interaction answers, whichever of the caller's it is.
    const session = options.as ?? asker;
    const body = await bodyFrom(text);
    const in_reply_to = { interaction_id: id, request_id: requestId };
    // With its key a repeat, when the daemon did not answer, is accepted once.
    const shared = { body, options: { in_reply_to, idempotency_key: randomUUID() } };
    const send = (to: string): PromiseLike<object> =>
      client.send({ kind: "peer_message", to, ...shared }, session === undefined ? {} : { session });
    const to = await hostOf(client, id, session);
    const receipt = await send(to).then(undefined, (error: unknown) => send(namedHost(error)));
    if (options.json) return printJson(receipt);
    print(`answered ${id}`);
    const sent = { kind: "peer_message", to, ...shared } as const;
    const why = await waitNote(client, to, sent, receipt);
    if (why !== undefined) note(paint("dim", why));
  });
}

async function read(client: Parley, id: string): Promise<Reading> {
  const reading: Reading = { asker: undefined, questions: new OpenQuestions() };
  const scope = { kind: "interaction", interaction_id: id } as const;
  for await (const { event } of client.stream(scope, { follow: false, afterSequence: 0 })) {
    if (event.kind === "interaction_started") reading.asker = event.from;
    reading.questions.take(event as object as AnyEvent);
  }
  return reading;
}

function theOnly(id: string, questions: OpenQuestions): Question {
  const { all, ended } = questions;
  if (ended) throw new UsageError(`the interaction ${id} has ended; its questions need no answer any more`);
  const [first, ...others] = all;
  if (first === undefined)
    throw new UsageError(
      `the interaction ${id} has no open question; parley stream --interaction ${id} --no-follow shows what it has`,
    );
  if (others.length === 0) return first;
  const list = all.map(({ requestId, prompt }) => `--request ${requestId}  ${firstLine(prompt)}`);
  throw new UsageError(
    `the interaction ${id} has ${all.length} open questions; name one of them:\n${list.join("\n")}`,
  );
}

function firstLine(prompt: string): string {
  const [line = ""] = prompt.split("\n", 1);
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/**
 * The name of the session that has the interaction. The daemon mints an interaction's id from that of its session; of a
 * session at another daemon the id is not known here, and the daemon names it when another peer is addressed.
 */
async function hostOf(client: Parley, id: string, session: string | undefined): Promise<string> {
  const { peers } = await client.peers(session === undefined ? {} : { session });
  const suffix = id.slice(-8);
  const host = peers.find(({ peer_id }) => peer_id.endsWith(suffix)) ?? (await ownHost(client, suffix));
  const any = host ?? peers.find(({ source }) => source !== "inproc") ?? peers[0];
  if (any === undefined) throw new UsageError(`there is no peer that could have the interaction ${id}`);
  return any.name;
}

/** A session that takes nothing from peers is no peer, and may ask all the same. */
async function ownHost(client: Parley, suffix: string): Promise<{ name: string } | undefined> {
  const { sessions } = await client.sessions.list();
  return sessions.find(({ session_id }) => session_id.endsWith(suffix));
}

function namedHost(error: unknown): string {
  const detail =
    error instanceof ParleyError ? error.details?.find(({ field }) => field === "to") : undefined;
  if (detail?.issue !== "invalid_value" || detail.expected === undefined) throw error;
  return detail.expected;
}
