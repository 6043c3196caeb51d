import { expect, test } from "vitest";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { type Host, World } from "../../../../test/support/world.js";
import type { CommsCommand } from "../../../generated/types.js";
import { type Backend, BackendError } from "../../../kernel/backend.js";
import { openMemory } from "../../../storage/memory/open-memory.js";

/** Every mailbox rests as soon as it can. */
const limits = { ...uncapped, idleMailboxBytes: 0 };

/** A store that tells which logs were read from their beginning. */
function watchedStore(clock: SimulatedClock): { backend: Backend; loads: string[] } {
  const backend = openMemory({ clock });
  const loads: string[] = [];
  const read = backend.read.bind(backend);
  backend.read = (log, options) => {
    if (options.fromSeq === 1 && options.id === undefined) loads.push(log);
    return read(log, options);
  };
  return { backend, loads };
}

async function worldWithBob(own = {}): Promise<{ world: World; bob: Host; loads: string[] }> {
  const clock = new SimulatedClock();
  const { backend, loads } = watchedStore(clock);
  const world = await World.start({ clock, backend, limits: { ...limits, ...own } });
  return { world, bob: await world.host("bob"), loads };
}

const ask = (params: number, stream: "none" | "reserve_interaction" = "none"): CommsCommand => ({
  kind: "peer_request",
  to: "bob",
  intent: "ask",
  params,
  stream,
});

async function unreadOf(world: World): Promise<number> {
  return (await world.call("sessions.get", { name: "bob" })).session.unread;
}

test("[comms.rest] an idle mailbox leaves the memory, and nobody sees a difference", async () => {
  const { world, bob, loads } = await worldWithBob();
  const { clock } = world;
  const sent = await world.call("comms.send", ask(1, "reserve_interaction"));
  const [first] = await bob.drain(1);
  expect(first).toMatchObject({ params: 1, attempt: 1 });
  await world.call("comms.send", ask(2));
  const before = await world.call("sessions.get", { name: "bob" });
  // The reservation's end is being written, then nothing is.
  clock.advance(30_000);
  await settle();
  clock.advance(5_000);
  loads.length = 0;
  expect(await world.call("sessions.get", { name: "bob" })).toEqual(before);
  expect(loads).toEqual([]);

  // The claim goes on as it was, and what waits is told from the log.
  expect(await bob.drain()).toEqual([
    expect.objectContaining({ params: 2, attempt: 1, from: "user-local", stream_reserved: false }),
  ]);
  expect(loads).toContain(`inbox/${bob.sessionId}`);
  clock.advance(20_000);
  expect(await unreadOf(world)).toBe(0);
  clock.advance(6_000);
  expect(await unreadOf(world)).toBe(1);
  loads.length = 0;
  expect(await bob.drain()).toEqual([expect.objectContaining({ params: 1, attempt: 2 })]);
  expect(loads).toContain(`inbox/${bob.sessionId}`);

  // The reservation has run out, and stays so.
  clock.advance(2_000);
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  const scope = { kind: "interaction" as const, interaction_id: sent.interaction_id };
  await expect(world.stream({ scope })).rejects.toMatchObject({ code: "not_reserved" });
  await world.stop();
});

test("[comms.rest] a mailbox stays while somebody reads or waits", async () => {
  const { world, bob, loads } = await worldWithBob();
  const open = await world.stream({ scope: { kind: "session", session_id: bob.sessionId } });
  const next = open.events.next();
  loads.length = 0;
  world.clock.advance(10_000);
  await world.call("comms.send", ask(1));
  expect((await next).value).toMatchObject({ kind: "interaction_started" });
  expect(loads).toEqual([]);
  await open.events.return!({} as never);

  await bob.drain();
  const waiting = world.call("sessions.drain", {
    name: "bob",
    lease_token: bob.token,
    max: 1,
    wait_ms: 20_000,
  });
  await settle();
  world.clock.advance(10_000);
  await world.call("comms.send", ask(2));
  expect((await waiting).interactions).toMatchObject([{ params: 2 }]);
  expect(loads).toEqual([]);
  await world.stop();
});

test("[comms.rest] more commands than are kept in memory are drained as they were sent", async () => {
  const { world, bob } = await worldWithBob();
  const text = (n: number): string => `${n} ${"x".repeat(200_000)}`;
  for (let n = 0; n < 12; n += 1)
    await world.call("comms.send", { kind: "peer_message", to: "bob", body: text(n) });
  const drained: string[] = [];
  for (let items = await bob.drain(); items.length > 0; items = await bob.drain())
    drained.push(...items.map((item) => (item.kind === "peer_message" ? item.body : item.kind) as string));
  expect(drained).toEqual(Array.from({ length: 12 }, (_, n) => text(n)));
  await world.stop();
});

test("[comms.rest] old entries of a mailbox at rest are trimmed in their time", async () => {
  const { world, bob, loads } = await worldWithBob({ dedupeWindowMs: 600_000, interactionKeepMs: 60_000 });
  for (let n = 0; n < 100; n += 1) await world.call("comms.send", ask(n));
  for (const { interaction_id: id } of await bob.drain(1_000)) await bob.settle(id);
  for (let n = 0; n < 100; n += 1) await world.call("comms.send", ask(n));
  for (const { interaction_id: id } of await bob.drain(1_000)) await bob.settle(id);
  const log = `inbox/${bob.sessionId}`;
  world.clock.advance(5_000);
  const firstKept = async (): Promise<number> =>
    (await world.backend.read(log, { fromSeq: 2, limit: 1 }))[0]!.seq;
  for (let minute = 0; minute < 9; minute += 1) {
    world.clock.advance(60_000);
    await settle();
  }
  expect(await firstKept()).toBe(2);
  loads.length = 0;
  for (let minute = 0; minute < 3; minute += 1) {
    world.clock.advance(60_000);
    await settle();
  }
  expect(loads).toContain(log);
  expect(await firstKept()).toBe(256);
  expect(await unreadOf(world)).toBe(0);
  await world.stop();
});

test("[comms.repair-turns] others have their turn while the mailboxes are repaired after a start", async () => {
  const clock = new SimulatedClock();
  const { backend, loads } = watchedStore(clock);
  const world = await World.start({ clock, backend });
  const hosts: Host[] = [];
  for (let n = 0; n < 50; n += 1) {
    hosts.push(await world.host(`host-${n}`));
    await world.call("comms.send", { kind: "peer_message", to: `host-${n}`, body: `${n}` });
  }
  await world.stop();
  loads.length = 0;
  const again = await World.start({ clock, backend, seed: "again" });
  await settle(2);
  expect(new Set(loads).size).toBeLessThan(20);
  await again.call("comms.send", { kind: "peer_message", to: "host-49", body: "now" });
  expect(loads).toContain(`inbox/${hosts[49]!.sessionId}`);
  expect(new Set(loads).size).toBeLessThan(50);
  await settle(200);
  expect(new Set(loads).size).toBeGreaterThan(100);
  await again.stop();
});

test("[comms.repair-mutual] two that owe each other an answer are both repaired", async () => {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const append = backend.append.bind(backend);
  backend.append = async (log, entry) => {
    if (entry.body.includes('"t":"accepted"') && entry.body.includes("the answer"))
      throw new BackendError("full", "no space");
    return append(log, entry);
  };
  const world = await World.start({ clock, backend });
  const hosts = [await world.host("bob"), await world.host("eve")] as const;
  const [bob, eve] = hosts;
  await world.call("comms.send", ask(1), { session: "eve" });
  await world.call("comms.send", { ...ask(2), to: "eve" } as CommsCommand, { session: "bob" });
  const [ofBob] = await bob.drain();
  const [ofEve] = await eve.drain();
  await bob.respond("eve", ofBob!.interaction_id, "the answer");
  await eve.respond("bob", ofEve!.interaction_id, "the answer");
  await world.stop();
  backend.append = append;

  const again = await World.start({ clock, backend, seed: "again" });
  await settle(50);
  for (const { name, token } of hosts) {
    const request = { name, lease_token: token, max: 9, wait_ms: 0 };
    expect((await again.call("sessions.drain", request)).interactions).toMatchObject([
      { kind: "peer_response", result: "the answer" },
    ]);
  }
  await again.stop();
});
