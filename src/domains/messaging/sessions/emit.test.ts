import { expect, test } from "vitest";
import { type Host, World } from "../../../../test/support/world.js";

const turn = "00000000-0000-7000-8000-000000000000";

async function claimed(): Promise<{ world: World; bob: Host; id: string }> {
  const world = await World.start();
  const bob = await world.host("bob");
  await world.call("comms.send", { kind: "peer_message", to: "bob", body: "x" });
  const [item] = await bob.drain();
  return { world, bob, id: item!.interaction_id };
}

test("[sessions.emit] a batch of events is appended in order and renews the claim", async () => {
  const { world, bob, id } = await claimed();
  const emitted = await world.call("sessions.emit", {
    name: "bob",
    claim_token: bob.claim,
    interaction_id: id,
    events: [
      { kind: "turn_started", turn_id: turn },
      { kind: "text_delta", turn_id: turn, delta: "a" },
      { kind: "turn_completed", turn_id: turn },
    ],
  });
  expect(emitted).toEqual({ last_sequence: 5, claim_expires_at: "2026-01-01T00:01:00.000Z" });
  const events = await world.read({ kind: "interaction", interaction_id: id });
  expect(events.map(({ event }) => event.kind)).toEqual([
    "interaction_started",
    "delivery_updated",
    "turn_started",
    "text_delta",
    "turn_completed",
  ]);
  await world.stop();
});

test("[sessions.emit-idempotency] a repeated key appends nothing twice, also side by side and after a restart", async () => {
  const { world, bob, id } = await claimed();
  const [one, two] = await Promise.all([bob.emit(id, "a", "k1"), bob.emit(id, "a", "k1")]);
  expect(two.last_sequence).toBe(one.last_sequence);
  await bob.emit(id, "b", "k2");
  const later = await world.restart();
  const again = await later.call("sessions.emit", {
    name: "bob",
    claim_token: bob.claim,
    interaction_id: id,
    events: [{ kind: "text_delta", turn_id: turn, delta: "a" }],
    idempotency_key: "k1",
  });
  expect(again.last_sequence).toBe(4);
  await later.stop();
});

test("[sessions.emit-errors] emitting needs the claim, a known interaction and room", async () => {
  const { world, bob, id } = await claimed();
  const emit = {
    name: "bob",
    claim_token: bob.claim,
    interaction_id: id,
    events: [{ kind: "text_delta" as const, turn_id: turn, delta: "a" }],
  };
  await expect(
    world.call("sessions.emit", { ...emit, claim_token: "not-the-right-claim" }),
  ).rejects.toMatchObject({ code: "fence_stale" });
  await expect(world.call("sessions.emit", { ...emit, interaction_id: turn })).rejects.toMatchObject({
    code: "interaction_not_found",
  });
  await expect(world.call("sessions.emit", { ...emit, name: "nobody" })).rejects.toMatchObject({
    code: "session_not_found",
  });
  await expect(
    world.call("sessions.emit", {
      ...emit,
      events: [{ kind: "text_complete", turn_id: turn, text: "€".repeat(200_000) }],
    }),
  ).rejects.toMatchObject({ code: "payload_too_large" });
  await bob.settle(id);
  await expect(world.call("sessions.emit", emit)).rejects.toMatchObject({ code: "interaction_ended" });
  expect(await world.read({ kind: "interaction", interaction_id: id })).toHaveLength(3);
  await world.stop();
});
