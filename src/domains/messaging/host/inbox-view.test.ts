import { expect, test } from "vitest";
import { settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { World } from "../../../../test/support/world.js";
import type { CommsCommand } from "../../../generated/types.js";

const message = (body: string): CommsCommand => ({ kind: "peer_message", to: "bob", body });
const ask: CommsCommand = {
  kind: "peer_request",
  to: "bob",
  intent: "ask",
  params: { n: 1 },
  stream: "none",
};

async function worldWithBob() {
  const world = await World.start({ limits: uncapped });
  const bob = await world.host("bob");
  const view = world.comms.inboxView;
  const read = (after = 0, session?: string) =>
    view.read("bob", after, world.context(session === undefined ? {} : { session }));
  return { world, bob, view, read };
}

test("[comms.inbox-view] an inbox is told as it is, and looking changes nothing", async () => {
  const { world, bob, read } = await worldWithBob();
  expect(await read()).toEqual({ session: "bob", cursor: 0, more: false, interactions: [] });
  await world.call("comms.send", message("hi"));
  await world.call("comms.send", ask);
  const seen = await read();
  expect(seen.interactions).toMatchObject([
    { kind: "peer_message", body: "hi", from: "user-local", attempt: 0, state: "waiting" },
    { kind: "peer_request", intent: "ask", params: { n: 1 }, state: "waiting" },
  ]);
  expect(await read()).toEqual(seen);
  expect(await read(seen.interactions[0]!.cursor)).toMatchObject({
    interactions: [{ kind: "peer_request" }],
  });
  // A host finds both, for the first time.
  const [first, second] = await bob.drain();
  expect([first!.attempt, second!.attempt]).toEqual([1, 1]);
  expect((await read()).interactions.map(({ state }) => state)).toEqual(["claimed", "claimed"]);
  await bob.settle(first!.interaction_id);
  await bob.respond("user-local", second!.interaction_id, "done");
  const { cursor, interactions } = await read();
  expect(interactions).toEqual([]);
  expect(cursor).toBeGreaterThan(seen.cursor);
  await world.stop();
});

test("[comms.inbox-view] a page ends after 50 interactions or a mebibyte, and the next one goes on", async () => {
  const { world, read } = await worldWithBob();
  for (let n = 0; n < 60; n += 1) await world.call("comms.send", message(String(n)));
  const first = await read();
  expect([first.interactions.length, first.more]).toEqual([50, true]);
  const second = await read(first.cursor);
  expect([second.interactions.length, second.more]).toEqual([10, false]);
  expect([...first.interactions, ...second.interactions].map((one) => "body" in one && one.body)).toEqual(
    Array.from({ length: 60 }, (_, n) => String(n)),
  );
  const large = "x".repeat(400_000);
  for (let n = 0; n < 3; n += 1) await world.call("comms.send", message(large));
  const third = await read(second.cursor);
  expect([third.interactions.length, third.more]).toEqual([2, true]);
  const last = await read(third.cursor);
  expect([last.interactions.length, last.more, (await read(last.cursor)).interactions]).toEqual([
    1,
    false,
    [],
  ]);
  await world.stop();
});

test("[comms.inbox-view] a cursor in the future and an unknown session are told as such; one's own is made", async () => {
  const { world, view, read } = await worldWithBob();
  await expect(read(1)).rejects.toMatchObject({
    code: "invalid_request",
    details: [{ field: "after", issue: "out_of_range", got: "1" }],
  });
  await expect(view.read("nobody", 0, world.context())).rejects.toMatchObject({ code: "session_not_found" });
  expect(await view.read("user-local", 0, world.context())).toMatchObject({ interactions: [] });
  await world.stop();
});

test("[comms.inbox-watch] who watches is told of what comes in, and of the end", async () => {
  const { world, bob, view } = await worldWithBob();
  await world.call("comms.send", message("before"));
  const told: string[] = [];
  const watcher = { arrived: () => told.push("arrived"), closed: () => told.push("closed") };
  const stop = new AbortController();
  const left = new AbortController();
  await view.watch("bob", watcher, world.context(), stop.signal);
  await view.watch("bob", { arrived: () => told.push("left"), closed() {} }, world.context(), left.signal);
  left.abort();
  await world.call("comms.send", message("after"));
  await settle();
  expect(told).toEqual(["arrived"]);
  // What a host does with it is no news.
  await bob.drain();
  await settle();
  expect(told).toEqual(["arrived"]);
  // Who comes when the last one has left is told too.
  stop.abort();
  await view.watch("bob", watcher, world.context(), new AbortController().signal);
  await world.call("comms.send", message("again"));
  await settle();
  expect(told).toEqual(["arrived", "arrived"]);
  await world.call("sessions.close", { name: "bob", lease_token: bob.token });
  await settle();
  expect(told).toEqual(["arrived", "arrived", "closed"]);
  await world.stop();
});

test("[comms.inbox-view] what a policy holds is shown from its release on, behind what was seen by then", async () => {
  const { world, bob, view, read } = await worldWithBob();
  const told: string[] = [];
  const watcher = { arrived: () => told.push("arrived"), closed() {} };
  await world.call("sessions.open", {
    name: "bob",
    lease_token: bob.token,
    ttl_ms: 86_400_000,
    inbound_policy: { peer_message: "hold" },
  });
  await view.watch("bob", watcher, world.context(), new AbortController().signal);
  const held = await world.call("comms.send", message("held"));
  await settle();
  const { cursor, interactions } = await read();
  expect([interactions, told]).toEqual([[], []]);
  await world.call("comms.send", ask);
  const seen = await read(cursor);
  expect(seen.interactions).toMatchObject([{ kind: "peer_request" }]);
  if (held.kind !== "peer_message_sent") throw new Error(held.kind);
  const { interaction_id } = held;
  await world.call("sessions.release_held", { name: "bob", interaction_id, decision: "deliver" });
  await settle();
  expect(told).toEqual(["arrived", "arrived"]);
  expect((await read(seen.cursor)).interactions).toMatchObject([{ body: "held" }]);
  expect((await read()).interactions).toMatchObject([{ kind: "peer_request" }, { body: "held" }]);
  await world.stop();
});

test("[comms.inbox-view] what has run out is not shown any more", async () => {
  const { world, read } = await worldWithBob();
  await world.call("comms.send", { ...message("soon"), options: { ttl_ms: 1_000 } } as CommsCommand);
  expect((await read()).interactions).toHaveLength(1);
  world.clock.advance(1_001);
  expect((await read()).interactions).toEqual([]);
  await world.stop();
});

test("[comms.done-with] what expects no answer is done with by a completed, and nobody gets a copy", async () => {
  const { world, bob, read } = await worldWithBob();
  const eve = await world.host("eve");
  const sent = await world.call("comms.send", message("hi"), { session: "eve" });
  if (sent.kind !== "peer_message_sent") throw new Error(sent.kind);
  const id = sent.interaction_id;
  await expect(bob.respond("eve", id, null, "failed")).rejects.toMatchObject({
    code: "invalid_command",
    details: [{ field: "status", got: "failed" }],
  });
  await bob.respond("eve", id, null);
  expect((await read()).interactions).toEqual([]);
  expect([await bob.drain(), await eve.drain()]).toEqual([[], []]);
  const events = await world.read({ kind: "interaction", interaction_id: id });
  expect(events.map(({ event }) => event)).toMatchObject([
    { kind: "interaction_started" },
    { kind: "delivery_updated", state: "ingested" },
    { kind: "peer_response_received" },
    { kind: "interaction_complete" },
  ]);
  await expect(bob.respond("eve", id, null)).rejects.toMatchObject({ code: "interaction_ended" });
  // An answer that waits in an inbox is done with in the same way.
  const asked = await world.call("comms.send", ask, { session: "eve" });
  if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
  await bob.respond("eve", asked.interaction_id, "yes");
  const { interactions } = await world.comms.inboxView.read("eve", 0, world.context());
  await eve.respond("bob", interactions[0]!.interaction_id, null);
  expect([await eve.drain(), await bob.drain()]).toEqual([[], []]);
  await world.stop();
});
