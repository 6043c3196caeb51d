import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { type Fault, FaultyBackend, settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { World } from "../../../../test/support/world.js";
import { openMemory } from "../../../storage/memory/open-memory.js";

async function worldWithMessage() {
  const world = await World.start({ limits: uncapped });
  const bob = await world.host("bob");
  await world.host("eve");
  const sent = await world.call(
    "comms.send",
    { kind: "peer_message", to: "bob", body: "hi" },
    { session: "eve" },
  );
  if (sent.kind !== "peer_message_sent") throw new Error(sent.kind);
  const id = sent.interaction_id;
  return { world, bob, id, dismiss: () => dismissIn(world, "bob", id) };
}

function dismissIn(world: World, name: string, id: string) {
  return world.call("sessions.dismiss", { name, interaction_id: id });
}

async function kindsOf(world: World, id: string) {
  const events = await world.read({ kind: "interaction", interaction_id: id });
  return events.map(({ event }) => event.kind);
}

const dismissedEvents = ["interaction_started", "delivery_updated", "interaction_complete"];

test("[comms.dismiss] a dismissed message has ended once, for its sender as completed, also after a restart", async () => {
  const { world, bob, id, dismiss } = await worldWithMessage();
  expect(await dismiss()).toEqual({ dismissed: true, already_dismissed: false });
  expect(await dismiss()).toEqual({ dismissed: true, already_dismissed: true });
  expect(await bob.drain()).toEqual([]);
  expect(await kindsOf(world, id)).toEqual(dismissedEvents);
  const again = await world.restart();
  expect(await dismissIn(again, "bob", id)).toEqual({ dismissed: true, already_dismissed: true });
  expect(await bob.on(again).drain()).toEqual([]);
  expect(await kindsOf(again, id)).toEqual(dismissedEvents);
  await again.stop();
});

test("[comms.dismiss] an answer is dismissed; its interaction and its receipt stay as they were", async () => {
  const { world, bob } = await worldWithMessage();
  const asked = await world.call(
    "comms.send",
    { kind: "peer_request", to: "bob", intent: "ask", params: 1, stream: "none" },
    { session: "eve" },
  );
  if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
  await bob.respond("eve", asked.interaction_id, 2);
  const before = await kindsOf(world, asked.interaction_id);
  const list = () => world.call("sessions.list_inbox", { name: "eve", cursor: 0, limit: 9, wait_ms: 0 });
  const [copy] = (await list()).interactions;
  await dismissIn(world, "eve", copy!.interaction_id);
  expect((await list()).interactions).toEqual([]);
  expect(await kindsOf(world, asked.interaction_id)).toEqual(before);
  await world.stop();
});

test("[comms.dismiss] what a host has claimed, and what its sender waits for, is refused", async () => {
  const { world, bob, id, dismiss } = await worldWithMessage();
  await bob.drain();
  await expect(dismiss()).rejects.toMatchObject({ code: "fence_stale" });
  // A claim that has run out claims nothing.
  world.clock.advance(60_001);
  expect(await dismiss()).toEqual({ dismissed: true, already_dismissed: false });
  await expect(bob.emit(id, "late")).rejects.toMatchObject({ code: "fence_stale" });
  const eve = world.sessions.directory.byName("bob")!;
  const input = { kind: "input" as const, session_id: eve.sessionId, body: "go", stream: "none" as const };
  const fed = await world.call("comms.send", { ...input, allow_self_session: false });
  if (fed.kind !== "input_accepted") throw new Error(fed.kind);
  await expect(dismissIn(world, "bob", fed.interaction_id)).rejects.toMatchObject({
    code: "answer_expected",
    message: expect.stringMatching(/parley reply ID TEXT.*parley reply ID --status failed TEXT/),
  });
  await world.stop();
});

describe("[comms.dismiss-races] one end, whoever comes first", () => {
  const rivals: Record<string, (w: Awaited<ReturnType<typeof worldWithMessage>>) => Promise<unknown>> = {
    "a claim": async ({ bob }) => {
      const [item] = await bob.drain();
      if (item !== undefined) await bob.settle(item.interaction_id);
      return item;
    },
    "an answer": ({ bob, id }) => bob.respond("eve", id, null),
    "a cancel": ({ world, id }) =>
      world.call(
        "comms.send",
        {
          kind: "peer_request",
          to: "bob",
          intent: "comms.cancel",
          params: { interaction_id: id },
          stream: "none",
        },
        { session: "eve" },
      ),
    "another dismissal": ({ dismiss }) => dismiss(),
  };
  test.each(Object.entries(rivals))("%s before and after", async (_, rival) => {
    for (const first of ["rival", "dismissal"]) {
      const made = await worldWithMessage();
      const calls = first === "rival" ? [() => rival(made), made.dismiss] : [made.dismiss, () => rival(made)];
      const results = await Promise.allSettled(calls.map((call) => call()));
      await settle();
      const refusals = results.flatMap((one) =>
        one.status === "rejected" ? [(one.reason as { code: string }).code] : [],
      );
      for (const code of refusals) expect(["fence_stale", "interaction_ended"]).toContain(code);
      const ends = (await kindsOf(made.world, made.id)).filter(
        (kind) => kind === "interaction_complete" || kind === "interaction_failed",
      );
      expect(ends).toHaveLength(1);
      expect(await made.bob.drain()).toEqual([]);
      await made.world.stop();
    }
  });
});

/** One dismissal over a store with a fault, and a second one once the store works. */
async function dismissWith(fault?: Fault) {
  const clock = new SimulatedClock();
  const store = openMemory({ clock });
  const faulty = new FaultyBackend(store, fault);
  const world = await World.start({ backend: faulty.backend, clock });
  await world.host("bob");
  const sent = await world.call("comms.send", { kind: "peer_message", to: "bob", body: "hi" });
  if (sent.kind !== "peer_message_sent") throw new Error(sent.kind);
  await settle();
  const from = faulty.writes;
  const first = await Promise.race([
    dismissIn(world, "bob", sent.interaction_id).catch((error: unknown) => error),
    faulty.halted,
  ]);
  await settle();
  const to = faulty.writes;
  faulty.kill();
  const again = await World.start({ backend: store, clock, seed: "again" });
  const second = await dismissIn(again, "bob", sent.interaction_id);
  await settle();
  const kinds = await kindsOf(again, sent.interaction_id);
  await again.stop();
  return { from, to, first, second, kinds };
}

test("[comms.dismiss-races] a fault at any of its writes loses no acknowledged dismissal and ends the message once", async () => {
  const { from, to } = await dismissWith();
  expect(to).toBeGreaterThan(from);
  for (const kind of ["halt", "halt_after", "error", "unknown", "unknown_stored"] as const)
    for (let atWrite = from + 1; atWrite <= to; atWrite += 1) {
      const { first, second, kinds } = await dismissWith({ kind, atWrite });
      if (first !== undefined && "dismissed" in (first as object))
        expect(second.already_dismissed).toBe(true);
      expect(kinds).toEqual(dismissedEvents);
    }
});
