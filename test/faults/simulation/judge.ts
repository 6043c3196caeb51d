import type { AgentEvent, InboxInteraction } from "../../../src/generated/types.js";
import { isTerminal, type Story } from "./ledger.js";
import { readOnce } from "./reader.js";
import type { SimulatedWorld } from "./world.js";

interface Seen {
  interaction: string;
  event: AgentEvent;
}

/** Asks the daemon once more for everything, after all came to rest, and compares it with what it ever said. */
export async function judge(world: SimulatedWorld, senders: readonly string[]): Promise<void> {
  await repeatSends(world);
  await takeAnswers(world, senders);
  for (const [interactionId, principal] of world.ledger.askers)
    await readOnce(world, world.caller(principal), {
      kind: "interaction",
      interaction_id: interactionId,
    }).catch(() => {});
  for (const [sessionId, { name, principal }] of world.ledger.sessions) {
    const scope = { kind: "session", session_id: sessionId } as const;
    const readable = await readOnce(world, world.caller(principal), scope).then(
      () => true,
      () => false,
    );
    if (!readable && !world.ledger.closed.has(name)) world.ledger.violated(`the log of ${name} is gone`);
    // The answers in the senders' own inboxes were taken, not done.
    if (name.startsWith("user-")) continue;
    judgeSession(world, sessionId, name, readable);
    if (readable && !world.ledger.closed.has(name)) await judgeDeadLetters(world, sessionId, name);
  }
}

/** Every acknowledged command again: the daemon must find the first. */
async function repeatSends(world: SimulatedWorld): Promise<void> {
  const { ledger, network } = world;
  for (const { command } of [...ledger.receipts.values()]) {
    const key = command.options!.idempotency_key!;
    if (command.kind === "peer_response") continue;
    const to = command.kind === "input" ? ledger.sessions.get(command.session_id)!.name : command.to;
    if (ledger.closed.has(to)) continue;
    const sender = key.slice(0, key.lastIndexOf("-"));
    const receipt = await world.insist(
      () => network.call("comms.send", command, world.caller(sender)),
      () => true,
    );
    if (!receipt.deduplicated) ledger.violated(`key ${key} was forgotten`);
  }
}

/** The copies of answers, which no host has taken yet: each is listed once, or newer ones fill the list. */
async function takeAnswers(world: SimulatedWorld, senders: readonly string[]): Promise<void> {
  const { ledger, network } = world;
  const full = new Set<string>();
  const taken = new Map<string, number>();
  for (const sender of senders) {
    let listed = 0;
    const caller = world.caller(sender);
    const name = caller.session;
    const token = `taker-of-${sender}-secret`;
    await world.insist(
      () => network.call("sessions.open", { name, lease_token: token, ttl_ms: 60_000 }, caller),
      () => true,
    );
    for (;;) {
      const { claim, interactions } = await world.insist(
        () => network.call("sessions.drain", { name, lease_token: token, max: 64, wait_ms: 0 }, caller),
        () => true,
      );
      if (claim === undefined) break;
      for (const item of interactions) count(taken, item);
      listed += interactions.filter(({ kind }) => kind === "peer_response").length;
    }
    if (listed >= world.answersListed) full.add(sender);
    if (listed > world.answersListed) ledger.violated(`${sender} has ${listed} copies of answers listed`);
  }
  for (const [answer, times] of taken) if (times > 1) ledger.violated(`${answer} was queued ${times} times`);
  for (const { command, receipt } of ledger.receipts.values()) {
    if (command.kind !== "peer_response") continue;
    const { in_reply_to: interaction, result } = command;
    const asked = [...ledger.receipts.values()].find(
      (one) => "interaction_id" in one.receipt && one.receipt.interaction_id === interaction,
    );
    if (asked === undefined || !("stream_reserved" in asked.receipt) || receipt.kind !== "peer_response_sent")
      continue;
    const expected = asked.receipt.stream_reserved ? 0 : 1;
    const found = taken.get(`answer ${String(result)} to ${interaction}`) ?? 0;
    const asker = ledger.askers.get(interaction);
    if (found < expected && asker !== undefined && full.has(asker)) continue;
    if (found !== expected) ledger.violated(`an answer to ${interaction} is queued ${found} times`);
  }
}

function count(taken: Map<string, number>, item: InboxInteraction): void {
  if (item.kind !== "peer_response") return;
  const answer = `answer ${String(item.result)} to ${item.in_reply_to}`;
  taken.set(answer, (taken.get(answer) ?? 0) + 1);
}

/** `readable` says that the log could be read to its end: of a session that gave way to another it cannot. */
function judgeSession({ ledger }: SimulatedWorld, sessionId: string, name: string, readable: boolean): void {
  const seen = ledger.seen.get(sessionId) ?? new Map<number, string>();
  const last = Math.max(0, ...seen.keys());
  const whole = readable && seen.size === last;
  const log = [...seen].sort(([one], [other]) => one - other).map(([, text]) => JSON.parse(text) as Seen);
  const byInteraction = new Map<string, AgentEvent[]>();
  for (const { interaction, event } of log)
    byInteraction.set(interaction, [...(byInteraction.get(interaction) ?? []), event]);
  for (const [id, events] of byInteraction) {
    const terminals = events.filter(isTerminal);
    if (terminals.length > 1) ledger.violated(`${id} ended ${terminals.length} times`);
    if (terminals.length === 1 && !isTerminal(events.at(-1)!)) ledger.violated(`${id} went on after its end`);
    if (!whole) continue;
    judgeDelivery(ledger, id, events);
    if (events[0]!.kind !== "interaction_started") ledger.violated(`${id} began with ${events[0]!.kind}`);
    if (events.filter(({ kind }) => kind === "interaction_started").length > 1)
      ledger.violated(`${id} began twice`);
    if (terminals.length === 0) ledger.violated(`${id} of ${name} has no end`);
    judgeWork(ledger, id, events);
    const story = ledger.stories.get(id);
    if (story !== undefined && terminals[0] !== undefined) judgeEnd(ledger, story, terminals[0], name);
  }
  if (!whole) return;
  judgeTexts(ledger, sessionId, log);
  for (const { receipt } of ledger.receipts.values()) {
    if (!("interaction_id" in receipt) || receipt.interaction_id.slice(-8) !== sessionId.slice(-8)) continue;
    if (!byInteraction.has(receipt.interaction_id))
      ledger.violated(`${receipt.interaction_id} was accepted and is lost`);
  }
}

/** A host makes a command its own before all that it says of it, or the command ends without that: once. */
function judgeDelivery(ledger: SimulatedWorld["ledger"], id: string, events: readonly AgentEvent[]): void {
  const told = events.map((event) => (event.kind === "delivery_updated" ? event.state : event.kind));
  const wrong = (what: string): void => ledger.violated(`${id} ${what}: ${told.join(" ")}`);
  const moves = events.filter(({ kind }) => kind === "delivery_updated").length;
  if (moves > 1) wrong("was delivered twice");
  if (events.length > 1 && events[1]!.kind !== "delivery_updated") wrong("was begun before it was ingested");
  const ended = events.at(-1)!;
  if (ended.kind === "interaction_failed" && ended.reason.code === "expired" && told[1] !== "expired")
    wrong("expired without saying so");
  const lost = ["refused", "expired", "dead"].includes(told[1] ?? "");
  if (lost && (told.length !== 3 || told[2] !== "interaction_failed")) wrong("went on without a host");
}

/** Completed work is the interaction's end, and its text is in the log once and in its order. */
function judgeWork(ledger: SimulatedWorld["ledger"], id: string, events: readonly AgentEvent[]): void {
  const works = ledger.works.get(id) ?? [];
  if (works.length === 0) return;
  const end = events.at(-1)!;
  const work =
    end.kind === "interaction_complete" ? works.find(({ result }) => result === end.result) : undefined;
  // Its sender may have cancelled it, or its time may have ended before its host could be heard.
  const reason = end.kind === "interaction_failed" ? end.reason.code : undefined;
  if (reason === "cancelled" || reason === "expired") return;
  if (work === undefined) ledger.violated(`${id} was completed, and ended as ${JSON.stringify(end)}`);
  const text = events.map((event) => (event.kind === "text_delta" ? event.delta : "")).join("");
  if (work !== undefined && !text.endsWith(work.text))
    ledger.violated(`${id} emitted ${work.text}, and has ${text}`);
}

/** What ended without its work done is on the list, and nothing else is. */
async function judgeDeadLetters(world: SimulatedWorld, sessionId: string, name: string): Promise<void> {
  const { ledger, network } = world;
  const seen = [...(ledger.seen.get(sessionId)?.values() ?? [])].map((text) => JSON.parse(text) as Seen);
  const expected = new Set<string>();
  for (const { interaction, event } of seen)
    if (event.kind === "interaction_failed" && endsAsLetter(event.reason.code)) expected.add(interaction);
  const { dead_letters: letters } = await world.insist(
    () => network.call("sessions.list_dead_letters", { name, limit: 200 }, world.caller(name)),
    () => true,
  );
  const listed = new Set(letters.map(({ interaction_id: id }) => id));
  if (listed.size !== letters.length) ledger.violated(`a dead letter of ${name} is listed twice`);
  for (const id of expected) if (!listed.has(id)) ledger.violated(`the dead letter ${id} is lost`);
  for (const id of listed) if (!expected.has(id)) ledger.violated(`${id} is listed as dead and is not`);
}

/** In these worlds only a host's own failure, and what nobody took in its time, can be tried again. */
function endsAsLetter(code: string): boolean {
  return code === "executor_error" || code === "expired" || code === "abandoned";
}

/** The end that everybody reads is the one that its host was told. */
function judgeEnd(ledger: SimulatedWorld["ledger"], story: Story, terminal: AgentEvent, name: string): void {
  const { settled } = story;
  if (settled === undefined || settled.kind === "retry_after" || story.answered || ledger.closed.has(name))
    return;
  const agrees =
    settled.kind === "done"
      ? terminal.kind === "interaction_complete" && terminal.result === settled.result
      : terminal.kind === "interaction_failed" && terminal.reason.message === settled.message;
  if (!agrees)
    ledger.violated(`${story.interactionId} was settled as ${JSON.stringify(settled)}, not as it ended`);
}

function judgeTexts(ledger: SimulatedWorld["ledger"], sessionId: string, log: readonly Seen[]): void {
  const times = new Map<string, number>();
  for (const { event } of log)
    if (event.kind === "text_delta") times.set(event.delta, (times.get(event.delta) ?? 0) + 1);
  for (const [text, count] of times)
    if (count > 1) ledger.violated(`the text ${text} is in the log ${count} times`);
  for (const text of ledger.emitted)
    if (text.split("/")[1]?.slice(-8) === sessionId.slice(-8) && !times.has(text))
      ledger.violated(`the text ${text} was acknowledged and is lost`);
}
