import { expect, test } from "vitest";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { FaultyBackend, settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { type Host, World } from "../../../../test/support/world.js";
import type { CommsCommand } from "../../../generated/types.js";
import { BackendError } from "../../../kernel/backend.js";
import { openMemory } from "../../../storage/memory/open-memory.js";
import type { CommsLimits } from "../ports.js";

const day = 86_400_000;

async function ask(world: World, session: string, more: object = {}): Promise<string> {
  const command = { kind: "peer_request", to: "bob", intent: "ask", params: null, stream: "none", ...more };
  const receipt = await world.call("comms.send", command as CommsCommand, { session });
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  return receipt.interaction_id;
}

/** Asks bob so often and has each request answered with its number. */
async function answered(world: World, bob: Host, count: number, from = 0): Promise<string[]> {
  const ids: string[] = [];
  for (let n = from; n < from + count; n += 1) {
    ids.push(await ask(world, "eve"));
    await bob.drain();
    expect(await bob.respond("eve", ids.at(-1)!, n)).toMatchObject({ delivery: { state: "delivered" } });
    await bob.settle(ids.at(-1)!);
  }
  return ids;
}

async function started(limits: Partial<CommsLimits> = {}): Promise<{ world: World; bob: Host; eve: Host }> {
  const world = await World.start({ limits: { ...uncapped, ...limits } });
  return { world, bob: await world.host("bob"), eve: await world.host("eve") };
}

async function end(world: World, id: string): Promise<unknown> {
  const events = await world.read({ kind: "interaction", interaction_id: id });
  return events.at(-1)!.event;
}

async function inboxOf(host: Host): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let items = await host.drain(); items.length > 0; items = await host.drain())
    found.push(...items.map((item) => (item.kind === "peer_response" ? item.result : item.kind)));
  return found;
}

async function policy(world: World, { name, token }: Host, peer_response: "hold" | "refuse"): Promise<void> {
  const inbound_policy = { peer_response };
  await world.call("sessions.open", { name, lease_token: token, ttl_ms: day, inbound_policy });
}

test("[comms.answer-always] an asker that never reads wedges neither the host nor an unrelated sender", async () => {
  const { world, bob } = await started();
  await answered(world, bob, 1_100);
  await world.host("ann");
  const id = await ask(world, "ann");
  expect(await bob.drain()).toMatchObject([{ interaction_id: id, attempt: 1 }]);
  await bob.respond("ann", id, "for ann");
  expect(await end(world, id)).toEqual({ kind: "interaction_complete", result: "for ann" });
  await world.stop();
});

const askers: Record<string, (world: World, eve: Host) => Promise<unknown>> = {
  "has a full inbox": async (world) => {
    for (let n = 0; n < 2; n += 1)
      await world.call("comms.send", { kind: "peer_message", to: "eve", body: `${n}` }, { session: "bob" });
  },
  "refuses answers": (world, eve) => policy(world, eve, "refuse"),
  "holds answers": (world, eve) => policy(world, eve, "hold"),
  "is closed": (world, { name, token }) => world.call("sessions.close", { name, lease_token: token }),
  "is closed, and its name has another owner": async (world, { name, token }) => {
    await world.call("sessions.close", { name, lease_token: token });
    await world.host("eve");
  },
  "has no host any more": async (world) => world.clock.advance(2 * day),
};

test.each(Object.entries(askers))(
  "[comms.answer-always] an answer ends its interaction although the asker %s",
  async (_, change) => {
    const { world, bob, eve } = await started({ inboxMax: 2, unreadPerSender: 2 });
    const id = await ask(world, "eve", { options: { ttl_ms: 3 * day } });
    await bob.drain();
    await bob.emit(id, "on it");
    await change(world, eve);
    for (const status of ["accepted", "completed"] as const)
      expect(await bob.respond("eve", id, status, status)).toMatchObject({
        kind: "peer_response_sent",
        delivery: { state: "delivered", attempt: 1 },
      });
    expect(await end(world, id)).toEqual({ kind: "interaction_complete", result: "completed" });
    await expect(bob.respond("eve", id, "late")).rejects.toMatchObject({ code: "interaction_ended" });
    await world.stop();
  },
);

test("[comms.answer-always] a host does not wait for its asker's inbox", async () => {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const world = await World.start({ clock, backend, limits: uncapped });
  const bob = await world.host("bob");
  const eve = await world.host("eve");
  const ids = [await ask(world, "eve"), await ask(world, "eve")];
  await bob.drain();
  const append = backend.append.bind(backend);
  let release = (): void => {};
  const stalled = new Promise<void>((resolve) => {
    release = resolve;
  });
  backend.append = async (log, entry) => {
    if (log === `inbox/${eve.sessionId}`) await stalled;
    return append(log, entry);
  };
  for (const id of ids) {
    await bob.respond("eve", id, id);
    expect(await end(world, id)).toMatchObject({ kind: "interaction_complete" });
  }
  // The reader waits for what is on its way; the store lets it in at last.
  const reading = eve.drain();
  release();
  expect((await reading).map((item) => (item as { result?: unknown }).result)).toEqual(ids);
  await world.stop();
});

test("[comms.answer-always] copies wait while their asker's log fails, and come in order", async () => {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const world = await World.start({ clock, backend, limits: uncapped });
  const bob = await world.host("bob");
  const eve = await world.host("eve");
  const ann = await world.host("ann");
  const append = backend.append.bind(backend);
  let tries = 0;
  let broken = true;
  backend.append = async (log, entry) => {
    if (broken && log === `inbox/${eve.sessionId}`) {
      tries += 1;
      throw new BackendError("full", "no space");
    }
    return append(log, entry);
  };
  broken = false;
  const ids = [await ask(world, "eve"), await ask(world, "eve"), await ask(world, "ann")];
  await bob.drain();
  broken = true;
  await bob.respond("eve", ids[0]!, 0);
  await bob.respond("eve", ids[1]!, 1);
  await bob.respond("ann", ids[2]!, 2);
  expect(await inboxOf(ann)).toEqual([2]);
  expect(await inboxOf(eve)).toEqual([]);
  // Tries back off: 1 s, 2 s, 4 s, then every minute.
  clock.advance(600_000);
  await settle();
  expect(tries).toBeLessThan(30);
  broken = false;
  clock.advance(60_000);
  await settle();
  expect(await inboxOf(eve)).toEqual([0, 1]);
  await world.stop();
});

test("[comms.answer-crash] a copy that a crash prevented is made at the next start, also when the interaction is past its replay window", async () => {
  const clock = new SimulatedClock();
  const store = openMemory({ clock });
  const faulty = new FaultyBackend(store, undefined);
  const { backend } = faulty;
  const { append } = backend;
  const world = await World.start({ clock, backend, limits: uncapped });
  const bob = await world.host("bob");
  const eve = await world.host("eve");
  backend.append = (log, entry) =>
    log === `inbox/${eve.sessionId}` ? new Promise(() => {}) : append(log, entry);
  const id = await ask(world, "eve");
  await bob.drain();
  await bob.respond("eve", id, "late");
  await bob.settle(id);
  faulty.kill();
  clock.advance(2 * 3_600_000);
  const later = await World.start({ clock, backend: store, limits: uncapped, seed: "again" });
  await settle(50);
  expect(await inboxOf(eve.on(later))).toEqual(["late"]);
  // Another start, after the copy was read and forgotten, makes no second one.
  clock.advance(2 * 3_600_000);
  const last = await later.restart("last", uncapped);
  await settle(50);
  expect(await inboxOf(eve.on(last))).toEqual([]);
  await last.stop();
});

test("[comms.answer-always] an answer to a request of one's own session ends it and has no copy", async () => {
  const { world, bob } = await started();
  const input = { kind: "input", session_id: bob.sessionId, body: "x", stream: "none" } as const;
  const receipt = await world.call("comms.send", { ...input, allow_self_session: true }, { session: "bob" });
  if (receipt.kind !== "input_accepted") throw new Error(receipt.kind);
  await bob.drain();
  await bob.respond("bob", receipt.interaction_id, 1);
  expect(await end(world, receipt.interaction_id)).toMatchObject({ kind: "interaction_complete" });
  expect(await inboxOf(bob)).toEqual([]);
  await world.stop();
});

test("[comms.answer-copies] an inbox lists the newest 256 copies; older ones end without a dead letter or a changed receipt", async () => {
  const { world, bob, eve } = await started();
  const options = { idempotency_key: "first" };
  const first = await ask(world, "eve");
  await bob.drain();
  const say = () =>
    world.call(
      "comms.send",
      { kind: "peer_response", to: "eve", in_reply_to: first, status: "completed", result: -1, options },
      { session: "bob" },
    );
  const receipt = await say();
  await bob.settle(first);
  world.clock.advance(60_000);
  const ids = await answered(world, bob, 299);
  await settle();
  const check = async (now: World, name: string): Promise<void> => {
    const page = await now.comms.inboxView.read("eve", 0, now.context());
    expect(page.omitted, name).toEqual({ count: 44, oldest_at: "2026-01-01T00:00:00.000Z" });
    expect(page.interactions[0], name).toMatchObject({ kind: "peer_response", result: 43 });
    const { session } = await now.call("sessions.get", { name: "eve" });
    expect(session.unread, name).toBe(256);
    const { dead_letters } = await now.call("sessions.list_dead_letters", { name: "eve", limit: 50 });
    expect(dead_letters, name).toEqual([]);
    expect(await end(now, ids[0]!), name).toEqual({ kind: "interaction_complete", result: 0 });
  };
  await check(world, "live");
  expect(await say()).toEqual({ ...receipt, deduplicated: true });
  // Each copy that left has its end, and none of them is a delivery that changed.
  const log = await world.read({ kind: "session", session_id: eve.sessionId });
  const kinds = log.map(({ event }) => event.kind);
  expect(kinds.filter((kind) => kind === "interaction_started")).toHaveLength(300);
  expect(kinds.filter((kind) => kind === "interaction_failed")).toHaveLength(44);
  expect(kinds).not.toContain("delivery_updated");
  const later = await world.restart("again", uncapped);
  await settle();
  await check(later, "restarted");
  expect(await inboxOf(eve.on(later))).toEqual(Array.from({ length: 256 }, (_, n) => n + 43));
  await later.stop();
});

test("[comms.answer-copies] messages and requests are never evicted, and copies take no room from them", async () => {
  const { world, bob, eve } = await started({ inboxMax: 4, answersListed: 2 });
  const tell = (body: string) =>
    world.call("comms.send", { kind: "peer_message", to: "eve", body }, { session: "bob" });
  await tell("one");
  await answered(world, bob, 6);
  await tell("two");
  await tell("three");
  await tell("four");
  await expect(tell("five")).rejects.toMatchObject({ code: "admission_dropped" });
  expect(await inboxOf(eve)).toEqual(["peer_message", 4, 5, "peer_message", "peer_message", "peer_message"]);
  await world.stop();
});

test("[comms.answer-copies] a flood of progress answers is bounded like the last words", async () => {
  const { world, bob, eve } = await started({ answersListed: 3 });
  const id = await ask(world, "eve");
  await bob.drain();
  for (let n = 0; n < 10; n += 1) await bob.respond("eve", id, n, "accepted");
  await bob.respond("eve", id, 10);
  expect(await inboxOf(eve)).toEqual([8, 9, 10]);
  await world.stop();
});

test("[comms.answer-copies] a host that has a copy finishes with it, although it leaves the list meanwhile", async () => {
  const { world, bob, eve } = await started({ answersListed: 2 });
  await answered(world, bob, 2);
  const taken = await eve.drain();
  const [kept, lost] = [taken[0]!, taken[1]!];
  await answered(world, bob, 2, 2);
  const page = await world.comms.inboxView.read("eve", 0, world.context());
  expect(page.interactions).toMatchObject([{ result: 2 }, { result: 3 }]);
  expect(page).not.toHaveProperty("omitted");
  await eve.emit(kept.interaction_id, "reading");
  expect(await eve.settle(kept.interaction_id)).toMatchObject({ already_settled: false });
  // Given back, or left to a claim that runs out, it is not offered again.
  await eve.settle(lost.interaction_id, { kind: "retry_after", delay_ms: 0 });
  await settle();
  expect((await end(world, lost.interaction_id)) as object).toMatchObject({
    kind: "interaction_failed",
    reason: { code: "expired", retryable: false },
  });
  expect(await inboxOf(eve)).toEqual([2, 3]);
  await answered(world, bob, 1, 4);
  world.clock.advance(61_000);
  await settle();
  expect(await inboxOf(eve)).toEqual([3, 4]);
  const { omitted } = await world.comms.inboxView.read("eve", 0, world.context());
  expect(omitted).toMatchObject({ count: 2 });
  await world.stop();
});

test("[comms.answer-copies] a copy that runs out is no dead letter and no change of the delivery", async () => {
  const { world, bob, eve } = await started();
  const [id] = await answered(world, bob, 1);
  world.clock.advance(day);
  await settle();
  expect(await inboxOf(eve)).toEqual([]);
  const { dead_letters } = await world.call("sessions.list_dead_letters", { name: "eve", limit: 50 });
  expect(dead_letters).toEqual([]);
  const log = await world.read({ kind: "session", session_id: eve.sessionId });
  expect(log.map(({ event }) => event.kind)).toEqual(["interaction_started", "interaction_failed"]);
  await expect(end(world, id!)).rejects.toMatchObject({ code: "interaction_not_found" });
  await world.stop();
});

test("[comms.answer-copies] an asker whose policy holds answers has no more than the listed ones held", async () => {
  const { world, bob, eve } = await started({ answersListed: 3 });
  await policy(world, eve, "hold");
  await answered(world, bob, 8);
  const { held } = await world.call("sessions.list_held", { name: "eve", limit: 50 });
  expect(held.map(({ command }) => (command as { result?: unknown }).result)).toEqual([5, 6, 7]);
  await world.stop();
});

test("[comms.answer-copies] an asker that refuses answers gets no copy", async () => {
  const { world, bob, eve } = await started();
  await policy(world, eve, "refuse");
  await answered(world, bob, 2);
  expect(await inboxOf(eve)).toEqual([]);
  await world.stop();
});

test("[comms.answer-old-store] a store whose inbox is full of answers lists the newest, and its hosts go on", async () => {
  // The log of an earlier daemon is the same with another number of copies.
  const { world, bob, eve } = await started({ answersListed: 1_024 });
  await answered(world, bob, 1_024);
  // Some were read before they would have left today's list.
  const read = await eve.drain(10);
  for (const { interaction_id } of read) await eve.settle(interaction_id);
  const waiting = await ask(world, "eve");
  await bob.drain();
  const later = await world.restart("again", uncapped);
  await settle(200);
  await bob.on(later).respond("eve", waiting, 1_024);
  expect(await end(later, waiting)).toEqual({ kind: "interaction_complete", result: 1_024 });
  const page = await later.comms.inboxView.read("eve", 0, later.context());
  expect(page.omitted).toMatchObject({ count: 1_024 - 256 - 10 + 1 });
  const { dead_letters } = await later.call("sessions.list_dead_letters", { name: "eve", limit: 50 });
  expect(dead_letters).toEqual([]);
  expect(await inboxOf(eve.on(later))).toEqual(Array.from({ length: 256 }, (_, n) => n + 769));
  await later.stop();
});
