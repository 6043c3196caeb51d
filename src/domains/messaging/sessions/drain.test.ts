import { expect, test } from "vitest";
import { settle } from "../../../../test/support/simulation.js";
import { World } from "../../../../test/support/world.js";

const message = (body: string) => ({ kind: "peer_message" as const, to: "bob", body });
const bodies = (items: readonly object[]) => items.map((item) => (item as { body: string }).body);

test("[sessions.drain] interactions are claimed oldest first, each by one host", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  for (const body of ["1", "2", "3"]) await world.call("comms.send", message(body));
  const [one, two] = await Promise.all([bob.drain(2), bob.drain(2)]);
  expect([...bodies(one), ...bodies(two)]).toEqual(["1", "2", "3"]);
  expect(await bob.drain()).toEqual([]);
  await world.stop();
});

test("[sessions.drain-large] a claim has fewer interactions when they are large", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const letters = ["a", "b", "c", "d", "e"];
  for (const letter of letters) await world.call("comms.send", message(letter.repeat(240_000)));
  const initials = (items: readonly object[]) => bodies(items).map((body) => body[0]);
  expect(initials(await bob.drain(5))).toEqual(["a", "b", "c", "d"]);
  expect(initials(await bob.drain(5))).toEqual(["e"]);
  await world.stop();
});

test("[sessions.drain-wait] a drain waits for the first one, for its time, or until its caller is gone", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const drain = { name: "bob", lease_token: bob.token, max: 5, wait_ms: 10_000 };
  const waiting = world.call("sessions.drain", drain);
  await settle();
  await world.call("comms.send", message("1"));
  expect(bodies((await waiting).interactions)).toEqual(["1"]);
  const empty = world.call("sessions.drain", drain);
  await settle();
  world.clock.advance(10_000);
  expect(await empty).toEqual({ interactions: [] });
  const call = world.context();
  const gone = world.call("sessions.drain", drain, call);
  await settle();
  call.cancel();
  await expect(gone).rejects.toThrow();
  await world.call("comms.send", message("2"));
  expect(bodies(await bob.drain())).toEqual(["2"]);
  await world.stop();
});

test("[sessions.drain-renews] a waiting drain keeps the lease alive, and a late holder comes back with its token", async () => {
  const world = await World.start();
  const { lease } = await world.call("sessions.open", { name: "bob", ttl_ms: 1000 });
  const drain = { name: "bob", lease_token: lease.token, max: 1, wait_ms: 30_000 };
  const state = async () => (await world.call("sessions.get", { name: "bob" })).session.state;
  const waiting = world.call("sessions.drain", drain);
  await settle();
  world.clock.advance(20_000);
  expect(await state()).toBe("live");
  world.clock.advance(10_000);
  await waiting;
  expect(await state()).toBe("live");
  world.clock.advance(1000);
  expect(await state()).toBe("offline");
  await world.call("sessions.drain", { ...drain, wait_ms: 0 });
  expect(await state()).toBe("live");
  await expect(
    world.call("sessions.drain", { ...drain, lease_token: "not-the-holders-token" }),
  ).rejects.toMatchObject({ code: "fence_stale" });
  await world.stop();
});

test("[sessions.claim-expiry] an expired claim returns to the head with one more attempt; emits renew it", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  for (const body of ["1", "2"]) await world.call("comms.send", message(body));
  const [first] = await bob.drain(1);
  const old = bob.claim;
  world.clock.advance(59_000);
  await bob.emit(first!.interaction_id, "still here");
  world.clock.advance(59_000);
  await bob.emit(first!.interaction_id, "still here");
  world.clock.advance(60_000);
  const again = await bob.drain();
  expect(again).toMatchObject([
    { body: "1", attempt: 2 },
    { body: "2", attempt: 1 },
  ]);
  expect(bob.claim).not.toBe(old);
  await world.stop();
});

test("[sessions.claim-expiry] a waiting drain gets what an expired claim gives back", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  await world.call("comms.send", message("1"));
  await bob.drain();
  const waiting = world.call("sessions.drain", {
    name: "bob",
    lease_token: bob.token,
    max: 1,
    wait_ms: 60_000,
  });
  await settle();
  world.clock.advance(60_000);
  expect((await waiting).interactions).toMatchObject([{ body: "1", attempt: 2 }]);
  await world.stop();
});

test("[sessions.claim-restart] a claim lives on over a restart with a fresh time", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  await world.call("comms.send", message("1"));
  const [item] = await bob.drain();
  world.clock.advance(59_000);
  const later = await world.restart();
  world.clock.advance(59_000);
  const drain = { name: "bob", lease_token: bob.token, max: 1, wait_ms: 0 };
  expect((await later.call("sessions.drain", drain)).interactions).toEqual([]);
  const settled = { name: "bob", claim_token: bob.claim, interaction_id: item!.interaction_id };
  expect(await later.call("sessions.settle", { ...settled, outcome: { kind: "done" } })).toMatchObject({
    already_settled: false,
  });
  await later.stop();
});
