import { expect, test } from "vitest";
import { atEveryWrite, faultKinds, runWithFault } from "../../../../test/support/crash-run.js";
import type { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { type Fault, settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { World } from "../../../../test/support/world.js";
import type { Backend } from "../../../kernel/backend.js";

const limits = { ...uncapped, answersListed: 2 };
const tokens = { bob: "token-of-bob-the-host", eve: "token-of-eve-the-asker" };

/** What was acknowledged before the end. */
interface Acknowledged {
  answered: Map<string, number>;
  /** Answers that eve's host has read. */
  read: Set<number>;
}

const open = (world: World, name: "bob" | "eve") =>
  world.call("sessions.open", { name, ttl_ms: 86_400_000, lease_token: tokens[name] });

const drain = (world: World, name: "bob" | "eve", max = 64) =>
  world.call("sessions.drain", { name, lease_token: tokens[name], max, wait_ms: 0 });

const answer = (world: World, id: string, result: number) =>
  world.call(
    "comms.send",
    {
      kind: "peer_response",
      to: "eve",
      in_reply_to: id,
      status: "completed",
      result,
      options: { idempotency_key: `answer ${id}` },
    },
    { session: "bob" },
  );

/** Eve asks six times and reads one of the answers, in the middle. */
async function work(world: World, done: Acknowledged): Promise<void> {
  await open(world, "bob");
  await open(world, "eve");
  for (let n = 0; n < 6; n += 1) {
    await world.call(
      "comms.send",
      { kind: "peer_request", to: "bob", intent: "ask", params: n, stream: "none" },
      { session: "eve" },
    );
    for (const { interaction_id: id } of (await drain(world, "bob")).interactions) {
      await answer(world, id, n);
      done.answered.set(id, n);
    }
    if (n !== 3) continue;
    const { claim, interactions } = await drain(world, "eve", 1);
    const [item] = interactions;
    if (item?.kind !== "peer_response") continue;
    const settled = { name: "eve", claim_token: claim!.token, interaction_id: item.interaction_id };
    done.read.add(item.result as number);
    await world.call("sessions.settle", { ...settled, outcome: { kind: "done" } });
  }
}

/** What must hold on a store after any crash, once a daemon has started on it again. */
async function check(backend: Backend, clock: SimulatedClock, done: Acknowledged): Promise<void> {
  const world = await World.start({ backend, clock, seed: "after", limits });
  await settle();
  const { directory } = world.sessions;
  const [bob, eve] = [directory.byName("bob"), directory.byName("eve")];
  if (bob === undefined || eve === undefined) return world.stop();
  for (const [id, result] of done.answered) {
    const events = await world.read({ kind: "interaction", interaction_id: id });
    expect(events.at(-1)!.event).toEqual({ kind: "interaction_complete", result });
    expect(await answer(world, id, result)).toMatchObject({ deduplicated: true });
  }
  await open(world, "bob");
  // Claims of hosts that are gone run out; answers that were begun are in the log or are given again.
  clock.advance(61_000);
  await settle();
  for (const [at, { interaction_id: id }] of (await drain(world, "bob")).interactions.entries())
    await answer(world, id, 100 + at).catch(() => {});
  await settle();
  const answers = (await world.read({ kind: "session", session_id: bob.sessionId }))
    .map(({ event }) => event)
    .filter((event) => event.kind === "peer_response_received");
  const { interactions, omitted } = await world.comms.inboxView.read("eve", 0, world.context());
  const listed = interactions.map((item) => (item.kind === "peer_response" ? (item.result as number) : -1));
  // They are in order, and what left the list unread is older than all that stayed.
  expect(listed).toEqual(listed.toSorted((one, other) => one - other));
  expect(listed.length).toBeLessThanOrEqual(2);
  const given = answers.map(({ result }) => result as number);
  const gone = given.filter((result) => !listed.includes(result));
  const [oldest = 0] = listed;
  for (const result of gone) if (!done.read.has(result)) expect(result).toBeLessThan(oldest);
  const read = gone.length - (omitted?.count ?? 0);
  expect([0, 1]).toContain(read);
  if (read === 1) expect(done.read.size).toBe(1);
  const log = await world.read({ kind: "session", session_id: eve.sessionId });
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, at) => at + 1));
  const byCopy = new Map<string, string[]>();
  for (const { interaction_id: id, event } of log)
    byCopy.set(id!, [
      ...(byCopy.get(id!) ?? []),
      event.kind === "delivery_updated" ? event.state : event.kind,
    ]);
  expect(byCopy.size).toBe(answers.length);
  const lives = [
    "interaction_started",
    "interaction_started interaction_failed",
    "interaction_started ingested interaction_complete",
  ];
  for (const kinds of byCopy.values()) expect(lives).toContain(kinds.join(" "));
  const { dead_letters } = await world.call("sessions.list_dead_letters", { name: "eve", limit: 50 });
  expect(dead_letters).toEqual([]);
  await world.stop();
}

async function run(fault?: Fault): Promise<number> {
  const done: Acknowledged = { answered: new Map(), read: new Set() };
  const writes = await runWithFault(
    { limits, work: (world) => work(world, done), check: (store, clock) => check(store, clock, done) },
    fault,
  );
  if (fault === undefined) expect([done.answered.size, done.read.size]).toEqual([6, 1]);
  return writes;
}

test.each(faultKinds)(
  "[comms.answer-crash] %s at any write: an acknowledged answer has ended its interaction, and its copy is listed once or left the list",
  async (kind) => {
    expect(await atEveryWrite(kind, run)).toBeGreaterThan(40);
  },
);
