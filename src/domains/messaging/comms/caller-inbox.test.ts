import { expect, test } from "vitest";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { World } from "../../../../test/support/world.js";
import type { CommsCommand } from "../../../generated/types.js";
import { openMemory } from "../../../storage/memory/open-memory.js";
import type { CommsLimits } from "../ports.js";

const message = (to: string, key?: string): CommsCommand => ({
  kind: "peer_message",
  to,
  body: "hi",
  ...(key === undefined ? {} : { options: { idempotency_key: key } }),
});

/** Two sessions, and what the results of their calls carry. */
async function worldOfTwo(own: Partial<CommsLimits> = {}) {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const reads: string[] = [];
  const read = backend.read.bind(backend);
  backend.read = (log, options) => {
    reads.push(log);
    return read(log, options);
  };
  const limits = { ...uncapped, ...own };
  const world = await World.start({ clock, backend, limits });
  const ann = await world.host("ann");
  const bob = await world.host("bob");
  const send = (from: string, to: string, key?: string, on = world) =>
    on.call("comms.send", message(to, key), { session: from });
  const peersOf = (name: string, on = world) => on.call("comms.peers", {}, { session: name });
  return { world, ann, bob, reads, send, peersOf };
}

test("[comms.inbox-notice] results of peers and send carry what waits for their caller, and nothing when nothing waits", async () => {
  const { world, ann, send, peersOf } = await worldOfTwo();
  const oldest_at = new Date(world.clock.now()).toISOString();
  expect(await send("bob", "ann")).not.toHaveProperty("inbox");
  world.clock.advance(1_000);
  await send("bob", "ann");
  expect((await peersOf("ann")).inbox).toEqual({ waiting: 2, oldest_at });
  expect(await peersOf("bob")).not.toHaveProperty("inbox");
  for (const command of [
    message("bob"),
    { kind: "peer_request", to: "bob", intent: "ask", params: {}, stream: "none" },
    { kind: "input", session_id: ann.sessionId, body: "x", allow_self_session: true },
  ] as CommsCommand[]) {
    const receipt = await world.call("comms.send", command, { session: "ann" });
    const waiting = command.kind === "input" ? 3 : 2;
    expect([command.kind, receipt.inbox]).toEqual([command.kind, { waiting, oldest_at }]);
  }
  // What a host has claimed waits for nobody; what it does not settle waits again.
  await ann.drain();
  expect(await peersOf("ann")).not.toHaveProperty("inbox");
  world.clock.advance(60_001);
  expect((await peersOf("ann")).inbox).toEqual({ waiting: 3, oldest_at });
  await world.stop();
});

test("[comms.inbox-notice] an answer and a message count until they are read, and a held message not at all", async () => {
  const { world, bob, send, peersOf } = await worldOfTwo();
  const asked = await world.call(
    "comms.send",
    { kind: "peer_request", to: "bob", intent: "ask", params: {}, stream: "none" },
    { session: "ann" },
  );
  await bob.drain();
  await bob.respond("ann", (asked as { interaction_id: string }).interaction_id, "yes");
  await settle();
  expect((await peersOf("ann")).inbox).toMatchObject({ waiting: 1 });
  const { interactions } = await world.call("sessions.list_inbox", {
    name: "ann",
    cursor: 0,
    limit: 50,
    wait_ms: 0,
  });
  await world.call("sessions.dismiss", { name: "ann", interaction_id: interactions[0]!.interaction_id });
  expect(await peersOf("ann")).not.toHaveProperty("inbox");
  const policy = { peer_message: "hold" as const };
  await world.call("sessions.open", { name: "cleo", ttl_ms: 0, inbound_policy: policy });
  await send("ann", "cleo");
  expect(await peersOf("cleo")).not.toHaveProperty("inbox");
  await world.stop();
});

test("[comms.inbox-notice] a repeat gets its first receipt with what waits now", async () => {
  const { world, send } = await worldOfTwo();
  const { inbox: none, ...first } = await send("ann", "bob", "key");
  expect(none).toBeUndefined();
  await send("bob", "ann");
  const { inbox, ...again } = await send("ann", "bob", "key");
  expect(inbox).toMatchObject({ waiting: 1 });
  expect(again).toEqual({ ...first, deduplicated: true });
  await world.stop();
});

test("[comms.inbox-notice] it is known without a read of the store, also while the mailbox rests", async () => {
  const { world, ann, reads, send, peersOf } = await worldOfTwo({ idleMailboxBytes: 0 });
  await send("bob", "ann");
  const before = (await peersOf("ann")).inbox;
  expect(before).toMatchObject({ waiting: 1 });
  await ann.drain();
  await send("bob", "ann");
  world.clock.advance(5_000);
  await settle();
  reads.length = 0;
  expect((await peersOf("ann")).inbox).toMatchObject({ waiting: 1 });
  world.clock.advance(60_001);
  expect((await peersOf("ann")).inbox).toEqual({ ...before, waiting: 2 });
  expect(reads).toEqual([]);
  // A start gives the claims of before their whole time again.
  const again = await world.restart();
  await settle();
  expect((await peersOf("ann", again)).inbox).toMatchObject({ waiting: 1 });
  world.clock.advance(60_001);
  expect((await peersOf("ann", again)).inbox).toEqual({ ...before, waiting: 2 });
  await again.stop();
});
