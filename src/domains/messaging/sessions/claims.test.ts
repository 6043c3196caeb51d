import { expect, test } from "vitest";
import { methodsOf } from "../../../../test/support/held-store.js";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { settle } from "../../../../test/support/simulation.js";
import { Host, World } from "../../../../test/support/world.js";
import type { Backend } from "../../../kernel/backend.js";
import { openMemory } from "../../../storage/memory/open-memory.js";

const message = (body: string) => ({ kind: "peer_message" as const, to: "bob", body });

test("[sessions.claim-revived] a claim that has run out counts again, until another claim takes the interaction", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  for (const body of ["1", "2", "3"]) await world.call("comms.send", message(body));
  const [first, second, third] = await bob.drain();
  world.clock.advance(90_000);
  await bob.emit(first!.interaction_id, "still here");
  expect(await bob.drain()).toEqual([]);
  world.clock.advance(90_000);
  expect(await bob.settle(second!.interaction_id)).toMatchObject({ already_settled: false });
  world.clock.advance(90_000);
  const old = bob.claim;
  expect(await bob.drain()).toMatchObject([
    { body: "1", attempt: 2 },
    { body: "3", attempt: 2 },
  ]);
  expect(bob.claim).not.toBe(old);
  bob.claim = old;
  await expect(bob.emit(third!.interaction_id, "too late")).rejects.toMatchObject({ code: "fence_stale" });
  await expect(bob.settle(third!.interaction_id)).rejects.toMatchObject({ code: "fence_stale" });
  await world.stop();
});

test("[sessions.claim-revived] a new holder of the name voids the claims of the one before", async () => {
  const world = await World.start();
  const first = await world.call("sessions.open", { name: "bob", ttl_ms: 1_000 });
  const bob = new Host(world, "bob", first.session.session_id, first.lease.token, {});
  await world.call("comms.send", message("1"));
  const [item] = await bob.drain();
  world.clock.advance(2_000);
  await world.call("sessions.open", { name: "bob", ttl_ms: 1_000 });
  await expect(bob.emit(item!.interaction_id, "late")).rejects.toMatchObject({ code: "fence_stale" });
  await world.stop();
});

test("[sessions.claim-revived] an interaction that ended meanwhile stays ended", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  await world.call("comms.send", { ...message("1"), options: { ttl_ms: 61_000 } });
  const [item] = await bob.drain();
  world.clock.advance(120_000);
  await settle();
  await expect(bob.emit(item!.interaction_id, "late")).rejects.toMatchObject({ code: "fence_stale" });
  await world.stop();
});

test("[sessions.drain-claims] a drain renews the claims that it names before it offers anything", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  for (const body of ["1", "2"]) await world.call("comms.send", message(body));
  const [item] = await bob.drain(1);
  world.clock.advance(90_000);
  const drain = { name: "bob", lease_token: bob.token, max: 64, wait_ms: 0 };
  const { interactions } = await world.call("sessions.drain", { ...drain, claims: [bob.claim] });
  expect(interactions).toMatchObject([{ body: "2", attempt: 1 }]);
  world.clock.advance(59_000);
  expect(await bob.drain()).toEqual([]);
  expect(await bob.settle(item!.interaction_id)).toMatchObject({ already_settled: false });
  await world.stop();
});

test("[sessions.drain-repeat] a drain that is repeated with its claim token gets the same batch", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  for (const body of ["1", "2", "3"]) await world.call("comms.send", message(body));
  const drain = {
    name: "bob",
    lease_token: bob.token,
    max: 2,
    wait_ms: 0,
    claim_token: "a-token-of-the-host",
  };
  const first = await world.call("sessions.drain", drain);
  expect(first.claim?.token).toBe("a-token-of-the-host");
  expect(first.interactions).toMatchObject([{ body: "1" }, { body: "2" }]);
  expect(await world.call("sessions.drain", drain)).toEqual(first);
  const later = await world.restart();
  const again = await later.call("sessions.drain", drain);
  expect(again.interactions).toEqual(first.interactions);
  bob.claim = drain.claim_token;
  await bob.on(later).settle(first.interactions[0]!.interaction_id);
  expect((await later.call("sessions.drain", drain)).interactions).toMatchObject([{ body: "2", attempt: 1 }]);
  const next = { ...drain, claim_token: "another-token-of-it" };
  expect((await later.call("sessions.drain", next)).interactions).toMatchObject([{ body: "3" }]);
  await later.stop();
});

test("[sessions.drain-repeat] a repeat that overtakes the first waits for its claim", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  for (const body of ["1", "2"]) await world.call("comms.send", message(body));
  const drain = {
    name: "bob",
    lease_token: bob.token,
    max: 1,
    wait_ms: 0,
    claim_token: "a-token-of-the-host",
  };
  const both = await Promise.all([drain, drain].map((request) => world.call("sessions.drain", request)));
  expect(both[1]).toEqual(both[0]);
  expect(both[0]!.interactions).toMatchObject([{ body: "1", attempt: 1 }]);
  expect(await bob.drain()).toMatchObject([{ body: "2", attempt: 1 }]);
  await world.stop();
});

test("[sessions.drain-repeat] a repeat whose answer is late does not give what was given back meanwhile", async () => {
  const clock = new SimulatedClock();
  const inner = openMemory({ clock });
  let gate = Promise.resolve();
  const read: Backend["read"] = async (log, options) => {
    const entries = await inner.read(log, options);
    await gate;
    return entries;
  };
  const world = await World.start({ clock, backend: { ...methodsOf(inner), read } });
  const bob = await world.host("bob");
  for (const body of ["1", "2"]) await world.call("comms.send", message(body));
  const drain = {
    name: "bob",
    lease_token: bob.token,
    max: 2,
    wait_ms: 0,
    claim_token: "a-token-of-the-host",
  };
  const { interactions } = await world.call("sessions.drain", drain);
  // A restarted daemon reads the commands of a batch.
  const later = await world.restart();
  expect((await later.call("sessions.drain", drain)).interactions).toEqual(interactions);
  bob.claim = drain.claim_token;
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const repeat = later.call("sessions.drain", drain);
  await settle();
  const retry = { kind: "retry_after", delay_ms: 0 } as const;
  await bob.on(later).settle(interactions[0]!.interaction_id, retry);
  resolve();
  expect((await repeat).interactions).toMatchObject([{ body: "2", attempt: 1 }]);
  expect(await bob.on(later).drain()).toMatchObject([{ body: "1", attempt: 2 }]);
  await later.stop();
});
