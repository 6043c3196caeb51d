import { expect, test } from "vitest";
import { HeldStore } from "../../../../test/support/held-store.js";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { type Fault, FaultyBackend, settle } from "../../../../test/support/simulation.js";
import { World } from "../../../../test/support/world.js";
import type { CommsStreamEvent } from "../../../generated/types.js";
import { openMemory } from "../../../storage/memory/open-memory.js";

const turnId = "00000000-0000-7000-8000-000000000000";
const limits = { sessionEventsMax: 16 };
const token = "token-of-bob-the-host";
const drain = { name: "bob", lease_token: token, max: 1, wait_ms: 0 };

/** One long interaction that is answered late, and many short ones that push its events out of the kept window. */
async function work(world: World, settled: Set<string>, progress: { longId?: string }): Promise<void> {
  await world.call("sessions.open", { name: "bob", ttl_ms: 86_400_000, lease_token: token });
  const ask = { kind: "peer_request", to: "bob", intent: "ask", params: null, stream: "none" } as const;
  await world.call("comms.send", ask, { session: "eve" });
  const long = await world.call("sessions.drain", drain);
  const id = long.interactions[0]!.interaction_id;
  const respond = (status: "accepted" | "completed") =>
    world.call(
      "comms.send",
      { kind: "peer_response", to: "eve", in_reply_to: id, status, result: status },
      { session: "bob" },
    );
  await respond("accepted");
  progress.longId = id;
  for (let n = 0; n < 60; n += 1) {
    await world.call("comms.send", ask, { session: "eve" });
    const { claim, interactions } = await world.call("sessions.drain", drain);
    const { interaction_id } = interactions[0]!;
    const outcome = { kind: "done" } as const;
    await world.call("sessions.settle", { name: "bob", claim_token: claim!.token, interaction_id, outcome });
    settled.add(interaction_id);
  }
  await respond("completed");
}

/** Positions after the gap at the head are contiguous, and the gap ends where they begin. */
function checkGap(events: readonly CommsStreamEvent[]): CommsStreamEvent[] {
  const [head] = events;
  const gap = head?.event.kind === "stream_truncated" ? head.event : undefined;
  const kept = gap === undefined ? [...events] : events.slice(1);
  const first = gap === undefined ? 1 : gap.to_sequence + 1;
  expect(kept.map(({ sequence }) => sequence)).toEqual(kept.map((_, at) => first + at));
  return kept;
}

async function run(fault: Fault | undefined): Promise<number> {
  const clock = new SimulatedClock();
  const store = openMemory({ clock });
  const faulty = new FaultyBackend(store, fault);
  const settled = new Set<string>();
  const progress: { longId?: string } = {};
  const world = await World.start({ backend: faulty.backend, clock, seed: "before", limits });
  await Promise.race([work(world, settled, progress).catch(() => {}), faulty.halted]);
  await settle();
  world.comms.close().catch(() => {});
  let later = await World.start({ backend: store, clock, seed: "after", limits });
  for (const seed of ["once", "twice"]) {
    await settle();
    const bob = later.sessions.directory.byName("bob");
    if (bob !== undefined) {
      const log = checkGap(await later.read({ kind: "session", session_id: bob.sessionId }));
      const endings = new Map<string, number>();
      for (const { interaction_id: id, event } of log)
        if (event.kind === "interaction_complete") endings.set(id!, (endings.get(id!) ?? 0) + 1);
      for (const count of endings.values()) expect(count).toBe(1);
      for (const { interaction_id: id } of log) {
        const scope = { kind: "interaction" as const, interaction_id: id! };
        const own = checkGap(await later.read(scope));
        expect(own.map(({ event_id: event }) => event)).toEqual(
          log.filter((one) => one.interaction_id === id).map(({ event_id: event }) => event),
        );
        if (settled.has(id!)) expect(own.at(-1)!.event.kind).toBe("interaction_complete");
      }
      if (progress.longId !== undefined) {
        const scope = { kind: "interaction" as const, interaction_id: progress.longId };
        const { snapshot } = (await later.stream({ scope, follow: false })).opened;
        expect(snapshot.last_sequence).toBeGreaterThanOrEqual(2);
        checkGap(await later.read(scope));
      }
      // Nothing that was over came to life again.
      expect(log.at(-1)?.sequence ?? 0).toBeLessThanOrEqual(1 + 1 + 1 + 60 * 3 + 2 + 1);
    }
    later = await later.restart(seed, limits);
  }
  await later.stop();
  return faulty.writes;
}

test("[comms.trim-crash] old events go without a trace of doubt, wherever the daemon stops", async () => {
  const writes = await run(undefined);
  for (let atWrite = 1; atWrite <= writes; atWrite += 3)
    for (const kind of ["halt", "halt_after"] as const)
      await run({ kind, atWrite }).catch((error: unknown) => {
        throw new Error(`with ${kind} at write ${atWrite} of ${writes}`, { cause: error });
      });
});

test("[comms.trim-in-flight] what a trim notes about an interaction is durable: an event in flight is written after a crash", async () => {
  const clock = new SimulatedClock();
  const inner = openMemory({ clock });
  const store = new HeldStore(inner);
  const world = await World.start({ backend: store.backend, clock, seed: "before", limits });
  const bob = await world.host("bob");
  for (const body of ["first", "other"])
    await world.call("comms.send", { kind: "peer_message", to: "bob", body }, { session: "eve" });
  const [first, other] = await bob.drain();
  const emit = (id: string, count: number): Promise<unknown> =>
    world.call("sessions.emit", {
      name: "bob",
      claim_token: bob.claim,
      interaction_id: id,
      events: Array.from({ length: count }, () => ({
        kind: "text_delta" as const,
        turn_id: turnId,
        delta: "x",
      })),
    });
  store.hold((log, { subject }) => log.startsWith("events/") && subject === first!.interaction_id);
  await emit(other!.interaction_id, 64);
  const trimming = emit(other!.interaction_id, 64);
  void emit(first!.interaction_id, 1);
  await trimming;
  await settle();
  // The daemon dies with the host's first event in flight.
  world.comms.close().catch(() => {});
  const later = await World.start({ backend: inner, clock, seed: "after", limits });
  await later.call("sessions.emit", {
    name: "bob",
    claim_token: bob.claim,
    interaction_id: first!.interaction_id,
    events: [{ kind: "turn_started", turn_id: turnId }],
  });
  const events = await later.read({ kind: "interaction", interaction_id: first!.interaction_id });
  expect(events.map(({ event }) => event.kind)).toEqual([
    "stream_truncated",
    "delivery_updated",
    "turn_started",
  ]);
  await later.stop();
});
