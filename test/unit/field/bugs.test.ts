import { expect, test } from "vitest";
import type { CommsCommand, SendReceipt } from "../../../src/generated/types.js";
import { openMemory } from "../../../src/storage/memory/open-memory.js";
import { SimulatedClock } from "../../support/simulated-clock.js";
import { FaultyBackend, settle } from "../../support/simulation.js";
import { World } from "../../support/world.js";

const message = (body: string, to = "bob"): CommsCommand => ({ kind: "peer_message", to, body });
const ask = (params: unknown, stream: "none" | "reserve_interaction" = "none"): CommsCommand => ({
  kind: "peer_request",
  to: "bob",
  intent: "ask",
  params,
  stream,
});
const bodies = (items: { kind: string }[]): unknown[] =>
  items.map((item) => ("body" in item ? item.body : (item as { params?: unknown }).params));

test.each(["unknown", "unknown_stored"] as const)(
  "[field.ambiguous-send] a send whose write is %s is told as received or not at all, and its repeat is never a second message",
  async (kind) => {
    const clock = new SimulatedClock();
    const healthy = openMemory({ clock });
    let acknowledged = 0;
    // The fault falls on each write in turn: the session's own, the acceptance, the event behind it.
    for (let atWrite = 1; atWrite <= 8; atWrite += 1) {
      const name = `bob${kind === "unknown" ? "" : "-s"}-${atWrite}`;
      const setup = await World.start({ clock, backend: healthy, seed: `setup ${name}` });
      const { token } = await setup.host(name);
      await setup.stop();
      const faulty = new FaultyBackend(healthy, { atWrite, kind });
      const world = await World.start({ clock, backend: faulty.backend, seed: name });
      const command: CommsCommand = { ...message("once", name), options: { idempotency_key: "k" } };
      const send = (): Promise<SendReceipt | undefined> =>
        world.call("comms.send", command, { session: "alice" }).catch(() => undefined);
      const first = await send();
      const again = (await send()) ?? (await send());
      expect(again).toMatchObject({ kind: "peer_message_sent", acked: true });
      if (first !== undefined) {
        acknowledged += 1;
        expect(again).toEqual({ ...first, deduplicated: true });
      }
      const { interactions } = await world.call("sessions.drain", {
        name,
        lease_token: token,
        max: 64,
        wait_ms: 0,
      });
      expect(bodies(interactions)).toEqual(["once"]);
      await world.stop();
    }
    expect(acknowledged).toBeGreaterThan(0);
  },
);

test("[field.name-route] a name is nobody else's while it is held, and free again once it is not", async () => {
  const world: World = await World.start();
  const first = await world.call("sessions.open", { name: "bob", ttl_ms: 5_000 });
  for (let round = 0; round < 3; round += 1)
    await expect(world.call("sessions.open", { name: "bob", ttl_ms: 5_000 })).rejects.toMatchObject({
      code: "session_name_taken",
    });
  await world.call("comms.send", message("for the first"), { session: "alice" });
  world.clock.advance(5_001);
  await settle();
  // The refusals before left nothing behind that would refuse now, and the first holder's end leaked no route.
  const second = await world.call("sessions.open", { name: "bob", ttl_ms: 5_000 });
  expect(second.session.session_id).toBe(first.session.session_id);
  expect(second.lease.fence).toBeGreaterThan(first.lease.fence);
  const drain = (token: string) =>
    world.call("sessions.drain", { name: "bob", lease_token: token, max: 8, wait_ms: 0 });
  await expect(drain(first.lease.token)).rejects.toMatchObject({ code: "fence_stale" });
  expect(bodies((await drain(second.lease.token)).interactions)).toEqual(["for the first"]);
  await world.stop();
});

test("[field.drain-cut] a drain that is cancelled, and a host that is replaced, lose nothing and no order", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob");
  const waiting = world.context();
  const cut = world.call(
    "sessions.drain",
    { name: "bob", lease_token: bob.token, max: 4, wait_ms: 60_000 },
    waiting,
  );
  await settle();
  // Cancelled in the very turn in which the first messages come.
  const sends = ["1", "2", "3", "4", "5", "6"].map((body) =>
    world.call("comms.send", message(body), { session: "alice" }),
  );
  waiting.cancel();
  await expect(cut).rejects.toThrow();
  await Promise.all(sends);
  expect(bodies(await bob.drain(3))).toEqual(["1", "2", "3"]);
  // Replaced with three of them in hand.
  await world.call("sessions.open", { name: "bob", ttl_ms: 0, lease_token: bob.token });
  const next = await world.host("bob");
  expect(bodies(await next.drain())).toEqual(["1", "2", "3", "4", "5", "6"]);
  await world.stop();
});

test("[field.fan-in] what many senders send to a busy host is all worked off, once, in each sender's order", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob");
  const senders = Array.from({ length: 20 }, (_, n) => `sender-${n}`);
  const seen: string[] = [];
  let sending = senders.length;
  const sends = senders.map(async (session) => {
    for (let n = 0; n < 20; n += 1) await world.call("comms.send", message(`${session} ${n}`), { session });
    sending -= 1;
  });
  while (sending > 0 || seen.length < senders.length * 20) {
    for (const item of await bob.drain(7)) {
      seen.push((item as { body: string }).body);
      await bob.settle(item.interaction_id);
    }
    await settle(1);
  }
  await Promise.all(sends);
  for (const session of senders)
    expect(seen.filter((body) => body.startsWith(`${session} `))).toEqual(
      Array.from({ length: 20 }, (_, n) => `${session} ${n}`),
    );
  expect(seen.length).toBe(400);
  await world.stop();
});

test("[field.rearm] a host's death parks no sender, and another host takes up its work", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob", { connection: "socket" });
  const { interaction_id } = (await world.call("comms.send", ask(1), { session: "alice" })) as {
    interaction_id: string;
  };
  await bob.drain();
  world.sessions.directory.connectionClosed("socket");
  await settle();
  // Nobody is there: the send resolves all the same.
  expect(await world.call("comms.send", ask(2), { session: "alice" })).toMatchObject({
    kind: "peer_request_sent",
  });
  const next = await world.host("bob");
  const work = await next.drain();
  expect(work.map(({ attempt }) => attempt)).toEqual([2, 1]);
  await next.settle(interaction_id);
  await expect(bob.settle(interaction_id)).rejects.toMatchObject({ code: "fence_stale" });
  await world.stop();
});

test("[field.full-inbox] a sender at a full inbox is told so at once, and the next one gets in as soon as there is room", async () => {
  const world: World = await World.start({ limits: { inboxMax: 2 } });
  const bob = await world.host("bob");
  const send = (body: string) => world.call("comms.send", message(body), { session: "alice" });
  await Promise.all([send("1"), send("2")]);
  const full = await Promise.allSettled([send("3"), send("4"), send("5")]);
  for (const result of full)
    expect(result).toMatchObject({ status: "rejected", reason: { code: "admission_dropped" } });
  const [first] = await bob.drain(1);
  await bob.settle(first!.interaction_id);
  // Nothing waits for a wake that came before: room is looked at when the send comes.
  expect(await send("6")).toMatchObject({ acked: true });
  expect(bodies(await bob.drain())).toEqual(["2", "6"]);
  await world.stop();
});

test("[field.wedged-peer] a peer that takes nothing holds up nobody else", async () => {
  const world: World = await World.start({ limits: { inboxMax: 3 } });
  await world.host("wedged");
  const bob = await world.host("bob");
  const toWedged: Promise<SendReceipt>[] = [];
  const worked: unknown[] = [];
  for (let n = 0; n < 30; n += 1) {
    toWedged.push(world.call("comms.send", message(`${n}`, "wedged"), { session: `w${n}` }));
    await world.call("comms.send", message(`${n}`), { session: "alice" });
    const items = await bob.drain();
    worked.push(...bodies(items));
    for (const item of items) await bob.settle(item.interaction_id);
  }
  // No time has passed.
  expect(world.clock.monotonic()).toBe(0);
  expect(worked).toEqual(Array.from({ length: 30 }, (_, n) => `${n}`));
  const results = await Promise.allSettled(toWedged);
  expect(results.map(({ status }) => status)).toEqual([
    ...Array(3).fill("fulfilled"),
    ...Array(27).fill("rejected"),
  ]);
  for (const result of results.slice(3))
    expect(result).toMatchObject({ reason: { code: "admission_dropped" } });
  await world.stop();
});

test("[field.name-shadow] what a session calls itself leads nobody's message to it", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob");
  await world.call("sessions.open", {
    name: "mallory",
    ttl_ms: 60_000,
    description: "bob",
    labels: { name: "bob", alias: "bob" },
  });
  const mallory = await world.call("sessions.get", { name: "mallory" });
  await world.call("comms.send", message("for bob"), { session: "alice" });
  const { interaction_id } = (await world.call("comms.send", ask(1), { session: "alice" })) as {
    interaction_id: string;
  };
  expect((await world.call("sessions.get", { name: "mallory" })).session.unread).toBe(0);
  expect(mallory.session.session_id).not.toBe(bob.sessionId);
  await bob.drain();
  // The asker is closed and another session has its name: the answer ends the interaction and is not for that one.
  await world.call("sessions.close", { name: "alice" });
  await world.host("alice");
  await bob.respond("alice", interaction_id, "secret");
  expect((await world.call("sessions.get", { name: "alice" })).session.unread).toBe(0);
  await world.stop();
});

test("[field.no-wake] receipts, events, readers and leases wake no host; a wait ends when it is interrupted", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob");
  const carol = await world.host("carol");
  const { interaction_id } = (await world.call("comms.send", ask(1, "reserve_interaction"), {
    session: "carol",
  })) as { interaction_id: string };
  await bob.drain();
  const waiting = world.context();
  let woken = 0;
  const wait = world
    .call("sessions.drain", { name: "carol", lease_token: carol.token, max: 4, wait_ms: 60_000 }, waiting)
    .finally(() => {
      woken += 1;
    });
  await settle();
  // All that happens around carol without being work for her.
  const reader = await world.stream({ scope: { kind: "interaction", interaction_id } });
  await bob.emit(interaction_id, "working");
  await world.host("dave");
  await world.call("sessions.open", { name: "carol", ttl_ms: 60_000, lease_token: carol.token });
  await bob.settle(interaction_id, { kind: "done", result: 1 });
  await reader.events.return(undefined as never);
  await settle();
  expect(woken).toBe(0);
  waiting.cancel();
  await expect(wait).rejects.toThrow();
  await world.stop();
});

test("[field.slow-reader] a burst that a reader does not keep up with stops neither the log nor other readers", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob");
  const { interaction_id } = (await world.call("comms.send", ask(1), { session: "alice" })) as {
    interaction_id: string;
  };
  await bob.drain();
  const scope = { kind: "session", session_id: bob.sessionId } as const;
  const slow = await world.stream({ scope, after_sequence: 0 });
  const quick = await world.stream({ scope, after_sequence: 0 });
  const sequences: number[] = [];
  const reading = (async () => {
    for await (const { sequence } of quick.events) {
      sequences.push(sequence!);
      if (sequence === 3_002) break;
    }
  })();
  // Ten times what a ring of 256 places would hold, and nobody reads `slow`.
  for (let n = 0; n < 3_000; n += 1) await bob.emit(interaction_id, `${n}`);
  await reading;
  const all = Array.from({ length: 3_002 }, (_, at) => at + 1);
  expect(sequences).toEqual(all);
  const late: number[] = [];
  for await (const { sequence } of slow.events) {
    late.push(sequence!);
    if (sequence === 3_002) break;
  }
  expect(late).toEqual(all);
  await world.stop();
});
