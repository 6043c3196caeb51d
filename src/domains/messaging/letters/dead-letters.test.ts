import { describe, expect, test } from "vitest";
import { HeldStore } from "../../../../test/support/held-store.js";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { settle } from "../../../../test/support/simulation.js";
import { type Host, World } from "../../../../test/support/world.js";
import type { CommsCommand, DeadLetter } from "../../../generated/types.js";
import { openMemory } from "../../../storage/memory/open-memory.js";
import type { CommsLimits } from "../ports.js";

type Request = Extract<CommsCommand, { kind: "peer_request" }>;
const ask: Request = { kind: "peer_request", to: "bob", intent: "ask", params: 1, stream: "none" };

async function started(limits?: Partial<CommsLimits>): Promise<{ world: World; bob: Host }> {
  const world: World = await World.start(limits === undefined ? {} : { limits });
  return { world, bob: await world.host("bob") };
}

async function sent(world: World, params: unknown = 1, options: Request["options"] = {}): Promise<string> {
  const receipt = await world.call("comms.send", { ...ask, params, options }, { session: "eve" });
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  return receipt.interaction_id;
}

async function letters(world: World, limit = 50): Promise<DeadLetter[]> {
  return (await world.call("sessions.list_dead_letters", { name: "bob", limit })).dead_letters;
}

const ids = (listed: readonly DeadLetter[]) => listed.map(({ interaction_id: id }) => id);
const letter = (interaction_id: string) => ({ name: "bob", interaction_id });

test("[comms.dead-letters] [field.dead-letters] what a host gave up, what expired and what was refused is listed, newest first", async () => {
  const { world, bob } = await started();
  const dead = await sent(world, { n: 1 });
  const cancelled = await sent(world);
  const answered = await sent(world);
  await bob.drain();
  await bob.settle(dead, {
    kind: "dead",
    code: "executor_error",
    message: "x".repeat(4096),
    retryable: true,
  });
  await bob.settle(cancelled, { kind: "dead", code: "cancelled", message: "as asked", retryable: false });
  await bob.respond("eve", answered, "no", "failed");
  await bob.settle(answered);
  const expired = await sent(world, 2, { ttl_ms: 1_000 });
  world.clock.advance(1_000);
  await settle();
  await world.call("sessions.open", {
    name: "bob",
    lease_token: bob.token,
    ttl_ms: 60_000,
    inbound_policy: { peer_request: "hold" },
  });
  const refused = await sent(world);
  await world.call("sessions.release_held", { ...letter(refused), decision: "refuse" });
  const check = async (now: World): Promise<void> => {
    const listed = await letters(now);
    expect(ids(listed)).toEqual([refused, expired, dead]);
    expect(listed.map(({ state, code, attempts }) => [state, code, attempts])).toEqual([
      ["refused", "rejected", 0],
      ["expired", "expired", 0],
      ["dead", "executor_error", 1],
    ]);
    expect(listed[2]).toMatchObject({
      from: "eve",
      kind: "peer_request",
      message: "x".repeat(256),
      received_at: "2026-01-01T00:00:00.000Z",
      command: { params: { n: 1 } },
    });
    expect(await now.call("sessions.list_dead_letters", { name: "bob", limit: 2 })).toMatchObject({
      dead_letters: [{ interaction_id: refused }, { interaction_id: expired }],
      more: true,
    });
  };
  await check(world);
  const later = await world.restart();
  await check(later);
  await later.stop();
});

test("[comms.dead-letters] [field.dead-letters] a letter that is retried waits again for a host, once, and is off the list", async () => {
  const { world, bob } = await started();
  const dead = await sent(world, "work", { ttl_ms: 5_000 });
  world.clock.advance(5_000);
  await settle();
  const [one, two] = await Promise.all([
    world.call("sessions.retry_dead_letter", letter(dead)),
    world.call("sessions.retry_dead_letter", letter(dead)),
  ]);
  expect(one).toMatchObject({ retry_of: dead, already_retried: false });
  expect(two).toEqual({ ...one, already_retried: true });
  expect(await letters(world)).toEqual([]);
  const later = await world.restart();
  expect(await later.call("sessions.retry_dead_letter", letter(dead))).toEqual(two);
  expect(await later.call("sessions.drop_dead_letter", letter(dead))).toEqual({
    dropped: true,
    already_dropped: true,
  });
  const same = bob.on(later);
  const items = await same.drain();
  expect(items).toMatchObject([
    {
      interaction_id: one.interaction_id,
      retry_of: dead,
      from: "eve",
      params: "work",
      attempt: 1,
      expires_at: "2026-01-01T00:00:10.000Z",
    },
  ]);
  expect(items[0]!.envelope_id).not.toBe(dead);
  await same.respond("eve", one.interaction_id, "done");
  await same.settle(one.interaction_id);
  const eve = await later.host("eve");
  expect(await eve.drain()).toMatchObject([{ in_reply_to: one.interaction_id, result: "done" }]);
  await later.stop();
});

test("[comms.dead-letters] [field.dead-letters] a letter that is dropped is gone for good; others are not there", async () => {
  const { world, bob } = await started();
  const dead = await sent(world);
  const open = await sent(world);
  await bob.drain();
  await bob.settle(dead, { kind: "dead", code: "rejected", message: "no", retryable: false });
  const drop = (now: World, id: string) => now.call("sessions.drop_dead_letter", letter(id));
  expect(await drop(world, dead)).toEqual({ dropped: true, already_dropped: false });
  expect(await drop(world, dead)).toEqual({ dropped: true, already_dropped: true });
  const later = await world.restart();
  await settle();
  expect(await letters(later)).toEqual([]);
  expect(await drop(later, dead)).toEqual({ dropped: true, already_dropped: true });
  for (const id of [open, bob.sessionId])
    await expect(drop(later, id)).rejects.toMatchObject({ code: "dead_letter_not_found" });
  for (const id of [open, dead])
    await expect(later.call("sessions.retry_dead_letter", letter(id))).rejects.toMatchObject({
      code: "dead_letter_not_found",
    });
  await later.stop();
});

test("[comms.dead-letters] [field.dead-letters] the newest are kept for their time, also over restarts", async () => {
  const limits = { deadLettersMax: 3, deadLetterKeepMs: 86_400_000 };
  const { world, bob } = await started(limits);
  const dead: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    dead.unshift(await sent(world));
    await bob.drain();
    await bob.settle(dead[0]!, { kind: "dead", code: "rejected", message: "no", retryable: false });
  }
  expect(ids(await letters(world))).toEqual(dead.slice(0, 3));
  const later = await world.restart("again", limits);
  await settle();
  expect(ids(await letters(later))).toEqual(dead.slice(0, 3));
  await later.call("sessions.drop_dead_letter", letter(dead[0]!));
  await later.call("sessions.drop_dead_letter", letter(dead[2]!));
  const last = await later.restart("last", limits);
  await settle();
  expect(ids(await letters(last))).toEqual([dead[1]]);
  last.clock.advance(86_400_000 + 1);
  await settle();
  last.clock.advance(60_000);
  await settle();
  expect(await letters(last)).toEqual([]);
  await last.stop();
});

test("[comms.attempts] a command whose hosts are always gone is given out so often and no more", async () => {
  const { world, bob } = await started({ attemptsMax: 3 });
  const id = await sent(world);
  const kept = await sent(world);
  for (let n = 1; n <= 3; n += 1) {
    expect(await bob.drain(1)).toMatchObject([{ interaction_id: id, attempt: n }]);
    if (n === 2) await bob.emit(id, "begun");
    world.clock.advance(60_000);
    await settle();
  }
  const events = await world.read({ kind: "interaction", interaction_id: id });
  expect(events.at(-1)!.event).toMatchObject({ kind: "interaction_failed", reason: { code: "abandoned" } });
  expect(await letters(world)).toMatchObject([{ interaction_id: id, state: "dead", attempts: 3 }]);
  // What a host gives back on purpose does not count.
  for (let n = 1; n <= 5; n += 1) {
    expect(await bob.drain()).toMatchObject([{ interaction_id: kept, attempt: n }]);
    await bob.settle(kept, { kind: "retry_after", delay_ms: 0 });
  }
  const later = await world.restart("again", { attemptsMax: 3 });
  expect(await bob.on(later).drain()).toMatchObject([{ interaction_id: kept, attempt: 6 }]);
  await later.stop();
});

describe("[comms.letter-decisions] of a retry and a drop of one letter at the same time", () => {
  const decide = (world: World, what: "retry" | "drop", id: string): Promise<object> =>
    world.call(`sessions.${what}_dead_letter`, letter(id));

  test.each([
    ["retry", "drop"],
    ["drop", "retry"],
  ] as const)("the first of %s and %s takes effect, and both callers receive which", async (...order) => {
    const { world, bob } = await started();
    const dead = await sent(world, "work", { ttl_ms: 5_000 });
    world.clock.advance(5_000);
    await settle();
    const results = await Promise.allSettled(order.map((what) => decide(world, what, dead)));
    const taken = await bob.drain();
    if (order[0] === "retry") {
      expect(results).toMatchObject([
        { status: "fulfilled", value: { already_retried: false } },
        { status: "fulfilled", value: { already_dropped: true } },
      ]);
      expect(taken).toMatchObject([{ retry_of: dead }]);
      expect(await decide(world, "retry", dead)).toMatchObject({ already_retried: true });
    } else {
      expect(results).toMatchObject([
        { status: "fulfilled", value: { already_dropped: false } },
        { status: "rejected", reason: { code: "dead_letter_not_found" } },
      ]);
      expect(taken).toEqual([]);
    }
    expect(await letters(world)).toEqual([]);
    await world.stop();
  });

  test("a retry that was accepted before the store failed stays the one that took effect", async () => {
    const clock = new SimulatedClock();
    const store = new HeldStore(openMemory({ clock }));
    const world = await World.start({ clock, backend: store.backend });
    const bob = await world.host("bob");
    const dead = await sent(world, "work", { ttl_ms: 5_000 });
    clock.advance(5_000);
    await settle();
    await letters(world);
    store.hold((log) => log.startsWith("dead/"));
    const failed = expect(decide(world, "retry", dead)).rejects.toThrow("no space");
    await settle();
    await store.held.shift()!.refuse();
    await failed;
    await store.release();
    expect(await decide(world, "drop", dead)).toMatchObject({ already_dropped: true });
    const [taken] = await bob.drain();
    expect(await decide(world, "retry", dead)).toMatchObject({
      interaction_id: taken!.interaction_id,
      already_retried: true,
    });
    await world.stop();
  });
});

test("[comms.letter-before-forgotten] an interaction is forgotten only when its letter is written, whatever the wall clock does while no process lives", async () => {
  const clock = new SimulatedClock();
  const inner = openMemory({ clock });
  const store = new HeldStore(inner);
  const world = await World.start({ clock, backend: store.backend, seed: "before" });
  const bob = await world.host("bob");
  const dead = await sent(world, "work");
  await bob.drain();
  store.hold((log) => log.startsWith("dead/"));
  void bob.settle(dead, { kind: "dead", code: "executor_error", message: "no", retryable: true });
  await settle();
  expect(store.held).toHaveLength(1);
  // The daemon dies with the letter in flight; before the next starts, the clock is set to long after.
  world.comms.close().catch(() => {});
  clock.step(48 * 3_600_000);
  const later = await World.start({ clock, backend: inner, seed: "after" });
  await settle();
  expect(ids(await letters(later))).toEqual([dead]);
  await later.stop();
});
