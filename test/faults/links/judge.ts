import type { InboxEntry } from "../../../src/domains/messaging/inbox/inbox-entry.js";
import type { Backend } from "../../../src/kernel/backend.js";
import type { Side } from "./life.js";

/** One command and what its sender was told. */
export interface Sent {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly message: boolean;
  receipt: { interaction_id: string; envelope_id?: string } | undefined;
}

/** What is not as it was promised: each command once in its recipient's inbox, each result once where it was asked. */
export async function judge(
  sides: readonly [Side, Side],
  sent: readonly Sent[],
  answers: ReadonlyMap<string, readonly string[]>,
): Promise<string[]> {
  const violations: string[] = [];
  const arrived = new Map<string, number>();
  for (const side of sides)
    for (const entry of await inboxOf(side.daemon.world.backend, side.worker.sessionId))
      if (entry.t === "accepted") arrived.set(entry.envelope_id, (arrived.get(entry.envelope_id) ?? 0) + 1);
  for (const [envelopeId, count] of arrived)
    if (count > 1) violations.push(`${envelopeId} lies in its inbox ${count} times`);
  for (const entry of sent) violations.push(...(await judgeOne(sides, entry, arrived, answers)));
  for (const side of sides) violations.push(...(await judgeInbox(side, answers)));
  return violations;
}

async function judgeOne(
  sides: readonly [Side, Side],
  { key, from, receipt }: Sent,
  arrived: ReadonlyMap<string, number>,
  answers: ReadonlyMap<string, readonly string[]>,
): Promise<string[]> {
  if (receipt === undefined) return [`${key} was never accepted`];
  const { interaction_id: interactionId, envelope_id: envelopeId = "" } = receipt;
  const found: string[] = [];
  if (arrived.get(envelopeId) !== 1) found.push(`${key} arrived ${arrived.get(envelopeId) ?? 0} times`);
  const { world } = sides.find(({ name }) => name === from)!.daemon;
  const events = await world.read({ kind: "interaction", interaction_id: interactionId });
  const kinds = events.map(({ event }) => event.kind);
  if (kinds.filter((kind) => kind === "interaction_complete").length !== 1)
    found.push(`${key} was not completed once: ${kinds.join(", ")}`);
  if (kinds[0] !== "interaction_started" || kinds.at(-1) !== "interaction_complete")
    found.push(`${key} was not told in order: ${kinds.join(", ")}`);
  const told = events.flatMap(({ event }) => (event.kind === "peer_response_received" ? [event.result] : []));
  const said = answers.get(envelopeId) ?? [];
  if (JSON.stringify(told) !== JSON.stringify(said))
    found.push(`${key} was answered ${JSON.stringify(said)} but told ${JSON.stringify(told)}`);
  events.forEach(({ sequence }, at) => {
    if (sequence !== at + 1) found.push(`${key} has a gap before ${sequence}`);
  });
  return found;
}

/** Each answer lies once in the inbox of who asked. */
async function judgeInbox(side: Side, answers: ReadonlyMap<string, readonly string[]>): Promise<string[]> {
  const counts = new Map<string, number>();
  for (const entry of await inboxOf(side.daemon.world.backend, side.asker.sessionId))
    if (entry.t === "accepted" && entry.command.kind === "peer_response") {
      const result = String(entry.command.result);
      counts.set(result, (counts.get(result) ?? 0) + 1);
    }
  const known = new Set([...answers.values()].flat());
  return [...counts].flatMap(([result, count]) => [
    ...(count > 1 ? [`the answer ${result} lies in its asker's inbox ${count} times`] : []),
    ...(known.has(result) ? [] : [`nobody answered ${result}`]),
  ]);
}

async function inboxOf(backend: Backend, sessionId: string): Promise<InboxEntry[]> {
  const entries: InboxEntry[] = [];
  for (let fromSeq = 1; ; ) {
    const page = await backend.read(`inbox/${sessionId}`, { fromSeq, limit: 512 });
    entries.push(...page.map(({ body }) => JSON.parse(body) as InboxEntry));
    if (page.length < 512) return entries;
    fromSeq = page.at(-1)!.seq + 1;
  }
}
