import { expect, test } from "vitest";
import { type Host, World } from "../../../../test/support/world.js";

async function claimed(): Promise<{ world: World; bob: Host; id: string }> {
  const world = await World.start();
  const bob = await world.host("bob");
  await world.call("comms.send", { kind: "peer_message", to: "bob", body: "x" });
  const [item] = await bob.drain();
  return { world, bob, id: item!.interaction_id };
}

async function lastEvent(world: World, id: string): Promise<object> {
  return (await world.read({ kind: "interaction", interaction_id: id })).at(-1)!.event;
}

test("[sessions.settle-done] done completes with the result and usage; repeating it is safe", async () => {
  const { world, bob, id } = await claimed();
  expect(await bob.settle(id, { kind: "done", result: { ok: 1 }, usage: { total_tokens: 3 } })).toEqual({
    settled: true,
    already_settled: false,
  });
  expect(await bob.settle(id)).toEqual({ settled: true, already_settled: true });
  expect(await lastEvent(world, id)).toEqual({
    kind: "interaction_complete",
    result: { ok: 1 },
    usage: { total_tokens: 3 },
  });
  expect(await bob.drain()).toEqual([]);
  const later = await world.restart();
  const repeat = {
    name: "bob",
    claim_token: bob.claim,
    interaction_id: id,
    outcome: { kind: "done" as const },
  };
  expect(await later.call("sessions.settle", repeat)).toMatchObject({ already_settled: true });
  await later.stop();
});

test("[sessions.settle-once] a repeat that overtakes the first settles once, and takes nothing from the next host", async () => {
  const { world, bob, id } = await claimed();
  const back = { kind: "retry_after", delay_ms: 0 } as const;
  const both = await Promise.all([bob.settle(id, back), bob.settle(id, back)]);
  expect(both.map(({ already_settled: already }) => already).sort()).toEqual([false, true]);
  expect(await bob.drain()).toMatchObject([{ interaction_id: id, attempt: 2 }]);
  const log = await world.backend.read(`inbox/${bob.sessionId}`, { fromSeq: 1, limit: 100 });
  expect(log.filter(({ body }) => (JSON.parse(body) as { t: string }).t === "settled")).toHaveLength(1);
  await world.stop();
});

test("[sessions.settle-dead] dead fails the interaction with its reason", async () => {
  const { world, bob, id } = await claimed();
  await bob.settle(id, { kind: "dead", code: "executor_error", message: "no model", retryable: true });
  expect(await lastEvent(world, id)).toEqual({
    kind: "interaction_failed",
    reason: { code: "executor_error", message: "no model", retryable: true },
  });
  await world.stop();
});

test("[sessions.settle-retry] retry_after gives it back, not before its time, also over a restart", async () => {
  const { world, bob, id } = await claimed();
  await bob.settle(id, { kind: "retry_after", delay_ms: 5000 });
  expect(await bob.settle(id, { kind: "retry_after", delay_ms: 5000 })).toMatchObject({
    already_settled: true,
  });
  expect(await bob.drain()).toEqual([]);
  world.clock.advance(2000);
  const later = await world.restart();
  const drain = { name: "bob", lease_token: bob.token, max: 1, wait_ms: 0 };
  world.clock.advance(2999);
  expect((await later.call("sessions.drain", drain)).interactions).toEqual([]);
  world.clock.advance(1);
  expect((await later.call("sessions.drain", drain)).interactions).toMatchObject([{ attempt: 2 }]);
  await later.stop();
});

test("[sessions.settle-errors] settling needs the claim that is in force", async () => {
  const { world, bob, id } = await claimed();
  const settle = {
    name: "bob",
    claim_token: "not-the-right-claim",
    interaction_id: id,
    outcome: { kind: "done" as const },
  };
  await expect(world.call("sessions.settle", settle)).rejects.toMatchObject({ code: "fence_stale" });
  await expect(
    world.call("sessions.settle", { ...settle, interaction_id: "00000000-0000-7000-8000-000000000000" }),
  ).rejects.toMatchObject({ code: "interaction_not_found" });
  await bob.settle(id);
  await expect(world.call("sessions.settle", settle)).rejects.toMatchObject({ code: "fence_stale" });
  await world.stop();
});

test("[sessions.answered-once] an answered interaction is not offered again when its host vanishes", async () => {
  const { world, bob } = await claimed();
  const sent = await world.call("comms.send", {
    kind: "peer_request",
    to: "bob",
    intent: "ask",
    params: null,
    stream: "none",
  });
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  await bob.drain();
  await bob.respond("user-local", sent.interaction_id, 1);
  world.clock.advance(120_000);
  expect(await bob.drain()).toMatchObject([{ kind: "peer_message", attempt: 2 }]);
  await world.stop();
});
