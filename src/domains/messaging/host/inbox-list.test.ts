import fc from "fast-check";
import { expect, test } from "vitest";
import { settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { World } from "../../../../test/support/world.js";
import type { CommsCommand, SessionsListInboxRequest } from "../../../generated/types.js";
import { shortened } from "../model/command-text.js";

const message = (body: string): CommsCommand => ({ kind: "peer_message", to: "bob", body });
const ask = (params: unknown): CommsCommand =>
  ({ kind: "peer_request", to: "bob", intent: "ask", params, stream: "none" }) as CommsCommand;

async function worldWithBob(answersListed?: number) {
  const limits = answersListed === undefined ? uncapped : { ...uncapped, answersListed };
  const world = await World.start({ limits });
  const bob = await world.host("bob");
  const list = (part: Partial<SessionsListInboxRequest> = {}) =>
    world.call("sessions.list_inbox", { name: "bob", cursor: 0, limit: 50, wait_ms: 0, ...part });
  return { world, bob, list };
}

test("[comms.inbox-list] a listing shows sender, time, kind, text, state and cursor, and changes nothing", async () => {
  const { world, bob, list } = await worldWithBob();
  await world.call("comms.send", message("hi"));
  await world.call("comms.send", ask({ body: "when?" }));
  const page = await list();
  expect(page).toMatchObject({
    more: false,
    interactions: [
      { from: "user-local", kind: "peer_message", text: "hi", state: "waiting" },
      { from: "user-local", kind: "peer_request", intent: "ask", text: "when?", state: "waiting" },
    ],
  });
  expect(await list()).toEqual(page);
  expect((await bob.drain()).map(({ attempt }) => attempt)).toEqual([1, 1]);
  expect((await list()).interactions.map(({ state }) => state)).toEqual(["claimed", "claimed"]);
  world.clock.advance(60_001);
  expect((await list()).interactions.map(({ state }) => state)).toEqual(["waiting", "waiting"]);
  await world.stop();
});

test("[comms.inbox-list] pages of any size contain each interaction once, in order, and stay below their bound", async () => {
  const bodies = fc.array(fc.constantFrom(1, 10, 60_000, 130_000, 250_000), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(bodies, fc.integer({ min: 1, max: 5 }), async (sizes, limit) => {
      const { world, list } = await worldWithBob();
      for (const [at, size] of sizes.entries())
        await world.call("comms.send", message(String.fromCharCode(97 + at).repeat(size)));
      const texts: string[] = [];
      for (let cursor = 0; ; ) {
        const page = await list({ cursor, limit });
        expect(page.interactions.length).toBeLessThanOrEqual(limit);
        const chars = page.interactions.reduce((sum, { text }) => sum + text.length, 0);
        expect(page.interactions.length === 1 || chars <= 256 * 1024).toBe(true);
        texts.push(...page.interactions.map(({ text }) => text));
        cursor = page.cursor;
        if (!page.more) break;
      }
      expect(texts.map((text) => [text[0], text.length])).toEqual(
        sizes.map((size, at) => [String.fromCharCode(97 + at), size]),
      );
      await world.stop();
    }),
    { numRuns: 25 },
  );
});

test("[comms.inbox-list] an answer is listed beside its question, also when the question is long or no longer kept", async () => {
  const { world, bob } = await worldWithBob();
  await world.host("eve");
  const listEve = () => world.call("sessions.list_inbox", { name: "eve", cursor: 0, limit: 50, wait_ms: 0 });
  for (const question of ["when?", "w".repeat(5_000)]) {
    const asked = await world.call("comms.send", ask({ body: question }), { session: "eve" });
    if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
    await bob.respond("eve", asked.interaction_id, { body: "at noon" });
  }
  expect((await listEve()).interactions).toMatchObject([
    { kind: "peer_response", from: "bob", status: "completed", text: "at noon", question: "when?" },
    { question: `${"w".repeat(1_023)}…` },
  ]);
  // Bob's interactions are forgotten an hour after their end.
  world.clock.advance(3_700_000);
  await settle();
  const later = (await listEve()).interactions;
  expect(later.map(({ text, question }) => [text, question])).toEqual([
    ["at noon", undefined],
    ["at noon", undefined],
  ]);
  await world.stop();
});

test("[comms.inbox-list] answers that left the list are counted", async () => {
  const { world, bob } = await worldWithBob(2);
  await world.host("eve");
  for (let n = 0; n < 5; n += 1) {
    const asked = await world.call("comms.send", ask(n), { session: "eve" });
    if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
    await bob.respond("eve", asked.interaction_id, n);
  }
  const page = await world.call("sessions.list_inbox", { name: "eve", cursor: 0, limit: 50, wait_ms: 0 });
  expect(page.interactions.map(({ text }) => text)).toEqual(["3", "4"]);
  expect(page.omitted).toEqual({ count: 3, oldest_at: expect.any(String) });
  await world.stop();
});

test("[comms.inbox-list] one interaction is found by its id in every state", async () => {
  const { world, bob, list } = await worldWithBob();
  const sent = await world.call("comms.send", ask({ n: 1 }));
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  const { interaction_id } = sent;
  const stateNow = async () => (await list({ interaction_id })).interactions.map(({ state }) => state);
  expect(await stateNow()).toEqual(["waiting"]);
  await bob.drain();
  expect(await stateNow()).toEqual(["claimed"]);
  await bob.settle(interaction_id);
  expect(await stateNow()).toEqual(["ended"]);
  expect((await list({ interaction_id })).interactions).toMatchObject([{ text: '{"n":1}' }]);
  expect((await list()).interactions).toEqual([]);
  await world.stop();
});

test("[comms.inbox-list] the caller's own inbox exists from its first use; another's is refused", async () => {
  const { world } = await worldWithBob();
  const own = { name: "user-local", cursor: 0, limit: 50, wait_ms: 0 };
  expect(await world.call("sessions.list_inbox", own)).toEqual({ interactions: [], cursor: 0, more: false });
  await expect(world.call("sessions.list_inbox", { ...own, name: "absent" })).rejects.toMatchObject({
    code: "session_not_found",
  });
  await world.stop();
});

test("[comms.inbox-wait] a listing that would be empty waits for its first item, and for no longer than it is asked to", async () => {
  const { world, list } = await worldWithBob();
  const first = await list();
  const waiting = list({ cursor: first.cursor, wait_ms: 30_000 });
  await settle();
  await world.call("comms.send", message("at last"));
  expect((await waiting).interactions).toMatchObject([{ text: "at last" }]);
  const { cursor } = await list();
  const empty = list({ cursor, wait_ms: 30_000 });
  await settle();
  world.clock.advance(30_000);
  expect(await empty).toEqual({ interactions: [], cursor, more: false });
  await world.stop();
});

test("[comms.inbox-wait] a waiting listing ends when its caller leaves and when the session is closed", async () => {
  const { world, bob } = await worldWithBob();
  const request = { name: "bob", cursor: 0, limit: 50, wait_ms: 30_000 };
  const call = world.context();
  const left = world.call("sessions.list_inbox", request, call);
  await settle();
  call.cancel(new Error("left"));
  await expect(left).rejects.toThrow("left");
  const closed = world.call("sessions.list_inbox", request);
  await settle();
  await world.call("sessions.close", { name: "bob", lease_token: bob.token });
  await expect(closed).rejects.toMatchObject({ code: "session_not_found" });
  await world.stop();
});

test("[comms.inbox-list] a shortened text ends in an ellipsis and cuts no character in two", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.integer({ min: 3, max: 40 }),
      (text, longest) => {
        const short = shortened(text, longest);
        expect(short.length).toBeLessThanOrEqual(longest);
        expect(short.isWellFormed()).toBe(true);
        expect(text.length <= longest ? short : short.at(-1)).toBe(text.length <= longest ? text : "…");
      },
    ),
    { numRuns: 50 },
  );
});
