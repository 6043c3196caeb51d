import { expect, test } from "vitest";
import { settle } from "../../../../test/support/simulation.js";
import { type Host, World } from "../../../../test/support/world.js";
import type { CommsCommand, CommsStreamEvent, SendReceipt } from "../../../generated/types.js";
import type { CommsLimits } from "../ports.js";

const start = "2026-01-01T00:00:00.000Z";
const day = 86_400_000;

type Request = Extract<CommsCommand, { kind: "peer_request" }>;
const ask: Request = { kind: "peer_request", to: "bob", intent: "ask", params: 1, stream: "none" };

async function started(limits?: Partial<CommsLimits>): Promise<{ world: World; bob: Host }> {
  const world: World = await World.start(limits === undefined ? {} : { limits });
  return { world, bob: await world.host("bob") };
}

async function sent(
  world: World,
  command: CommsCommand = ask,
): Promise<{ receipt: SendReceipt; id: string }> {
  const receipt = await world.call("comms.send", command, { session: "eve" });
  if (!("interaction_id" in receipt)) throw new Error(receipt.kind);
  return { receipt, id: receipt.interaction_id };
}

function events(world: World, id: string): Promise<CommsStreamEvent[]> {
  return world.read({ kind: "interaction", interaction_id: id });
}

/** The events of an interaction, moves of its delivery by their state. */
async function told(world: World, id: string): Promise<string[]> {
  return (await events(world, id)).map(({ event }) =>
    event.kind === "delivery_updated"
      ? event.state
      : event.kind === "interaction_failed"
        ? event.reason.code
        : event.kind,
  );
}

test("[comms.delivery] [field.receipt-truth] a receipt tells what is on disk, and a repeat tells the same", async () => {
  const { world } = await started();
  const options = { idempotency_key: "k", ttl_ms: 5_000 };
  const delivery = { state: "delivered", at: start, attempt: 1, expires_at: "2026-01-01T00:00:05.000Z" };
  const message = { kind: "peer_message" as const, to: "bob", body: "hi", options };
  const { receipt } = await sent(world, message);
  expect(receipt).toMatchObject({ kind: "peer_message_sent", acked: true, delivery });
  const later = await world.restart();
  later.clock.advance(1_000);
  expect(await later.call("comms.send", message, { session: "eve" })).toEqual({
    ...receipt,
    deduplicated: true,
  });
  await later.stop();
});

test("[comms.ingested] [field.receipt-truth] the first event, answer or result of the host makes the command its own, draining does not", async () => {
  const { world, bob } = await started();
  const ids = [];
  for (let n = 0; n < 4; n += 1) ids.push((await sent(world)).id);
  const [emitted, answered, done, dead] = ids as [string, string, string, string];
  const message = await sent(world, { kind: "peer_message", to: "bob", body: "hi" });
  const input = await sent(world, {
    kind: "input",
    session_id: bob.sessionId,
    body: "hi",
    stream: "none",
    allow_self_session: false,
  });
  const items = await bob.drain();
  expect(await told(world, emitted)).toEqual(["interaction_started"]);
  await bob.emit(emitted, "a");
  await bob.emit(emitted, "b");
  await bob.respond("eve", answered, "on it", "accepted");
  await bob.respond("eve", answered, "no", "failed");
  await bob.settle(done);
  await bob.settle(dead, { kind: "dead", code: "rejected", message: "not mine", retryable: false });
  await bob.settle(message.id);
  await bob.settle(input.id);
  expect(await told(world, emitted)).toEqual(["interaction_started", "ingested", "text_delta", "text_delta"]);
  expect(await told(world, answered)).toEqual([
    "interaction_started",
    "ingested",
    "peer_response_received",
    "peer_response_received",
    "peer_failed",
  ]);
  expect(await told(world, done)).toEqual(["interaction_started", "ingested", "interaction_complete"]);
  expect(await told(world, dead)).toEqual(["interaction_started", "dead", "rejected"]);
  for (const { id } of [message, input])
    expect(await told(world, id)).toEqual(["interaction_started", "ingested", "interaction_complete"]);
  expect((await events(world, emitted))[1]!.event).toEqual({
    kind: "delivery_updated",
    envelope_id: items[0]!.envelope_id,
    state: "ingested",
    at: start,
  });
  expect((await events(world, dead))[1]!.event).toMatchObject({ state: "dead", reason: "not mine" });
  await world.stop();
});

test("[comms.ingested] [field.receipt-truth] a command given back before its first event is not ingested, and one after it stays so", async () => {
  const { world, bob } = await started();
  const { id } = await sent(world);
  await bob.drain();
  await bob.settle(id, { kind: "retry_after", delay_ms: 0 });
  expect(await told(world, id)).toEqual(["interaction_started"]);
  await bob.drain();
  await bob.emit(id, "a");
  await bob.settle(id, { kind: "retry_after", delay_ms: 0 });
  const later = await world.restart();
  const same = bob.on(later);
  expect(await same.drain()).toMatchObject([{ attempt: 3 }]);
  await same.settle(id);
  expect(await told(later, id)).toEqual([
    "interaction_started",
    "ingested",
    "text_delta",
    "interaction_complete",
  ]);
  await later.stop();
});

test("[comms.ttl] what no host made its own in its time expires, and says so once", async () => {
  const { world, bob } = await started();
  const { id } = await sent(world, { ...ask, options: { ttl_ms: 5_000 } });
  const { id: kept } = await sent(world);
  world.clock.advance(4_999);
  await settle();
  expect(await told(world, id)).toEqual(["interaction_started"]);
  world.clock.advance(1);
  await settle();
  expect(await told(world, id)).toEqual(["interaction_started", "expired", "expired"]);
  expect((await bob.drain()).map(({ interaction_id }) => interaction_id)).toEqual([kept]);
  world.clock.advance(day);
  await settle();
  expect(await told(world, kept)).toEqual(["interaction_started", "expired", "expired"]);
  await world.stop();
});

test("[comms.ttl] while a host has it, it does not expire; what it made its own never does", async () => {
  const { world, bob } = await started();
  const { id: slow } = await sent(world, { ...ask, options: { ttl_ms: 10_000 } });
  const { id: begun } = await sent(world, { ...ask, options: { ttl_ms: 10_000 } });
  await bob.drain();
  await bob.emit(begun, "a");
  world.clock.advance(50_000);
  await settle();
  expect(await told(world, slow)).toEqual(["interaction_started"]);
  await bob.settle(begun, { kind: "retry_after", delay_ms: 0 });
  // The claim of the other is over, and with it its time.
  world.clock.advance(120_000);
  await settle();
  expect(await told(world, slow)).toEqual(["interaction_started", "expired", "expired"]);
  expect(await bob.drain()).toMatchObject([{ interaction_id: begun }]);
  await world.stop();
});

test("[comms.ttl] a wall clock that is set ends nothing before its time; time over a restart counts", async () => {
  const { world, bob } = await started();
  const { id } = await sent(world, { ...ask, options: { ttl_ms: 10_000 } });
  world.clock.step(30 * day);
  world.clock.advance(9_999);
  await settle();
  expect(await told(world, id)).toEqual(["interaction_started"]);
  world.clock.step(-30 * day);
  const later = await world.restart();
  await settle();
  expect(await told(later, id)).toEqual(["interaction_started"]);
  later.clock.advance(1);
  await settle();
  expect(await told(later, id)).toEqual(["interaction_started", "expired", "expired"]);
  const { id: over } = await sent(later, { ...ask, options: { ttl_ms: 10_000 } });
  await later.stop();
  later.clock.advance(10_000);
  const last = await World.start({ clock: later.clock, backend: later.backend, seed: "last" });
  expect(await bob.on(last).drain()).toEqual([]);
  await settle();
  expect(await told(last, over)).toEqual(["interaction_started", "expired", "expired"]);
  await last.stop();
});

test("[comms.ttl] without a host now a command for a live one is refused; with one it has a minute", async () => {
  const { world } = await started();
  const options = { ttl_ms: 0, idempotency_key: "now" };
  await world.call("sessions.open", { name: "ann", ttl_ms: 1_000 });
  const live = { ...ask, to: "ann", options };
  const { receipt, id } = await sent(world, live);
  expect(receipt).toMatchObject({ delivery: { expires_at: "2026-01-01T00:01:00.000Z" } });
  world.clock.advance(1_000);
  await expect(sent(world, { ...live, options: { ttl_ms: 0 } })).rejects.toMatchObject({
    code: "peer_offline",
    retryAfterMs: 1_000,
  });
  expect((await sent(world, live)).receipt).toEqual({ ...receipt, deduplicated: true });
  world.clock.advance(60_000);
  await settle();
  expect(await told(world, id)).toEqual(["interaction_started", "expired", "expired"]);
  await world.stop();
});

test("[comms.key-ttl] a key is remembered as long as its command may wait, if that is longer than others are", async () => {
  const limits = { dedupeWindowMs: 600_000, interactionKeepMs: 60_000, unreadPerSender: 1_024 };
  const { world, bob } = await started(limits);
  const long = { ...ask, options: { idempotency_key: "long", ttl_ms: 3_600_000 } };
  const short = { ...ask, options: { idempotency_key: "short", ttl_ms: 60_000 } };
  const [first, brief] = [await sent(world, long), await sent(world, short)];
  const work = async (now: World, host: Host): Promise<void> => {
    for (let n = 0; n < 100; n += 1) await sent(now, { ...ask, params: n });
    for (let items = await host.drain(); items.length > 0; items = await host.drain())
      for (const { interaction_id } of items) await host.settle(interaction_id);
  };
  const sweep = async (now: World, ms: number): Promise<void> => {
    now.clock.advance(ms);
    await settle();
    now.clock.advance(60_000);
    await settle();
  };
  await work(world, bob);
  const later = await world.restart("again", limits);
  await work(later, bob.on(later));
  await sweep(later, 700_000);
  expect((await sent(later, long)).receipt).toEqual({ ...first.receipt, deduplicated: true });
  await sweep(later, 3_000_000);
  expect((await sent(later, long)).id).not.toBe(first.id);
  expect((await sent(later, short)).id).not.toBe(brief.id);
  await later.stop();
});

test("[comms.identity] [field.identity] a name that has another owner by now is not sent to", async () => {
  const { world, bob } = await started();
  const expecting = { ...ask, options: { expect_peer_id: bob.sessionId } };
  await sent(world, expecting);
  await world.call("sessions.close", { name: "bob", lease_token: bob.token });
  await world.host("bob");
  await expect(sent(world, expecting)).rejects.toMatchObject({ code: "peer_identity_changed" });
  await world.stop();
});

test("[comms.handling] what steers is offered first, each in its order", async () => {
  const { world, bob } = await started();
  const steer = { ...ask, options: { handling: "steer" as const } };
  for (const [n, command] of [ask, steer, ask, steer].entries()) await sent(world, { ...command, params: n });
  const items = [...(await bob.drain(1)), ...(await bob.drain(3))];
  expect(items.map((item) => [item.handling, item.kind === "peer_request" && item.params])).toEqual([
    ["steer", 1],
    ["steer", 3],
    ["queue", 0],
    ["queue", 2],
  ]);
  const progress = {
    kind: "peer_response" as const,
    to: "eve",
    in_reply_to: items[0]!.interaction_id,
    status: "accepted" as const,
    result: 1,
    options: { handling: "steer" as const },
  };
  await world.host("eve");
  await expect(world.call("comms.send", progress, { session: "bob" })).rejects.toMatchObject({
    code: "invalid_command",
    details: [{ field: "options.handling", issue: "invalid_value", expected: "queue", got: "steer" }],
  });
  await world.stop();
});

test("[comms.held] what the policy holds waits for a decision, and the first decision counts", async () => {
  const { world, bob } = await started();
  await holding(world, bob);
  const { receipt, id } = await sent(world, { kind: "peer_message", to: "bob", body: "hi" });
  expect(receipt).toMatchObject({ acked: false, delivery: { state: "held" } });
  const { id: refused } = await sent(world);
  const { id: waiting } = await sent(world);
  expect(await bob.drain()).toEqual([]);
  expect(await world.call("sessions.get", { name: "bob" })).toMatchObject({ session: { unread: 0 } });
  const listed = await world.call("sessions.list_held", { name: "bob", limit: 2 });
  expect(listed).toMatchObject({
    held: [
      { interaction_id: id, from: "eve", kind: "peer_message", command: { body: "hi" } },
      { interaction_id: refused, kind: "peer_request" },
    ],
    more: true,
  });
  const release = { name: "bob", interaction_id: id, decision: "deliver" as const };
  expect(await world.call("sessions.release_held", release)).toEqual({
    released: true,
    already_released: false,
  });
  const later = await world.restart();
  const decide = (interaction: string, decision: "deliver" | "refuse") =>
    later.call("sessions.release_held", { name: "bob", interaction_id: interaction, decision });
  expect(await decide(id, "deliver")).toEqual({ released: true, already_released: true });
  await expect(decide(id, "refuse")).rejects.toMatchObject({ code: "not_held" });
  expect(await decide(refused, "refuse")).toMatchObject({ already_released: false });
  await expect(decide(refused, "deliver")).rejects.toMatchObject({ code: "not_held" });
  await expect(decide(bob.sessionId, "refuse")).rejects.toMatchObject({ code: "interaction_not_found" });
  expect((await bob.on(later).drain()).map(({ interaction_id }) => interaction_id)).toEqual([id]);
  expect(await told(later, id)).toEqual(["interaction_started", "delivered"]);
  expect(await told(later, refused)).toEqual(["interaction_started", "refused", "rejected"]);
  expect(await told(later, waiting)).toEqual(["interaction_started"]);
  later.clock.advance(day);
  await settle();
  expect(await told(later, waiting)).toEqual(["interaction_started", "expired", "expired"]);
  await expect(decide(waiting, "deliver")).rejects.toMatchObject({ code: "interaction_ended" });
  await later.stop();
});

test("[comms.held] of two decisions at once one wins, and the other is told", async () => {
  const { world, bob } = await started();
  await holding(world, bob);
  const { id } = await sent(world);
  const outcomes = await Promise.allSettled(
    (["deliver", "refuse"] as const).map((decision) =>
      world.call("sessions.release_held", { name: "bob", interaction_id: id, decision }),
    ),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(await told(world, id)).toEqual(["interaction_started", "delivered"]);
  await world.stop();
});

test("[comms.held] [comms.answer-always] an answer is delivered to its interaction while its copy is held in the asker's inbox", async () => {
  const { world, bob } = await started();
  const eve = await world.host("eve");
  await holding(world, eve);
  const { id } = await sent(world);
  await bob.drain();
  expect(await bob.respond("eve", id, 1)).toMatchObject({ delivery: { state: "delivered" } });
  expect(await eve.drain()).toEqual([]);
  expect((await told(world, id)).at(-1)).toBe("interaction_complete");
  const { held } = await world.call("sessions.list_held", { name: "eve", limit: 50 });
  await world.call("sessions.release_held", {
    name: "eve",
    interaction_id: held[0]!.interaction_id,
    decision: "deliver",
  });
  expect(await eve.drain()).toMatchObject([{ kind: "peer_response", in_reply_to: id, result: 1 }]);
  await world.stop();
});

/** The session holds whatever comes in. */
async function holding(world: World, { name, token }: Host): Promise<void> {
  const policy = { peer_message: "hold", peer_request: "hold", peer_response: "hold" } as const;
  await world.call("sessions.open", {
    name,
    lease_token: token,
    ttl_ms: 86_400_000,
    inbound_policy: policy,
  });
}
