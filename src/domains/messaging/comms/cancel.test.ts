import { expect, test } from "vitest";
import { settle } from "../../../../test/support/simulation.js";
import { type CallAs, type Host, principalNamed, World } from "../../../../test/support/world.js";
import type { CommsCommand, SendReceipt } from "../../../generated/types.js";

type Request = Extract<CommsCommand, { kind: "peer_request" }>;
const ask: Request = { kind: "peer_request", to: "bob", intent: "ask", params: 1, stream: "none" };

async function started(): Promise<{ world: World; bob: Host }> {
  const world: World = await World.start();
  return { world, bob: await world.host("bob") };
}

async function sent(world: World, command: Request = ask): Promise<string> {
  return idOf(await world.call("comms.send", command, { session: "eve" }));
}

function idOf(receipt: SendReceipt): string {
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  return receipt.interaction_id;
}

function cancel(world: World, params: unknown, as: CallAs = { session: "eve" }): Promise<SendReceipt> {
  return world.call("comms.send", { ...ask, intent: "comms.cancel", params }, as);
}

async function told(world: World, id: string): Promise<unknown[]> {
  const events = await world.read({ kind: "interaction", interaction_id: id });
  return events.map(({ event }) =>
    event.kind === "delivery_updated"
      ? event.state
      : event.kind === "interaction_failed"
        ? event.reason.code
        : event.kind === "interaction_complete"
          ? event.result
          : event.kind,
  );
}

test("[comms.cancel] what no host has yet ends with the acceptance of the request", async () => {
  const { world, bob } = await started();
  const id = await sent(world);
  const receipt = await cancel(world, { interaction_id: id });
  expect(receipt).toMatchObject({ kind: "peer_request_sent", delivery: { state: "delivered" } });
  expect(await bob.drain()).toEqual([]);
  await settle();
  expect(await told(world, id)).toEqual(["interaction_started", "dead", "cancelled"]);
  const result = { interaction_id: id, state: "cancelled" };
  expect(await told(world, idOf(receipt))).toEqual(["interaction_started", "ingested", result]);
  const later = await world.restart();
  await settle();
  expect(await told(later, id)).toEqual(["interaction_started", "dead", "cancelled"]);
  expect(await bob.on(later).drain()).toEqual([]);
  const letters = await later.call("sessions.list_dead_letters", { name: "bob", limit: 50 });
  expect(letters).toEqual({ dead_letters: [], more: false });
  await later.stop();
});

test("[comms.cancel] who has it is told by emit and by a drain that waits, once, and decides", async () => {
  const { world, bob } = await started();
  const id = await sent(world);
  const finished = await sent(world);
  await bob.drain();
  const waiting = world.call("sessions.drain", {
    name: "bob",
    lease_token: bob.token,
    max: 0,
    wait_ms: 20_000,
  });
  const receipt = await cancel(world, { interaction_id: id });
  expect(await waiting).toEqual({ interactions: [], cancel_requested: [id] });
  const drain = { name: "bob", lease_token: bob.token, max: 4, wait_ms: 0 };
  expect(await world.call("sessions.drain", drain)).toEqual({ interactions: [] });
  expect(await told(world, idOf(receipt))).toContainEqual({ interaction_id: id, state: "requested" });
  expect(await told(world, id)).toEqual(["interaction_started"]);
  const later = await world.restart();
  const same = bob.on(later);
  expect(await same.emit(id, "winding down")).toMatchObject({ cancel_requested: true });
  expect(await same.emit(finished, "going on")).not.toHaveProperty("cancel_requested");
  await same.settle(id, { kind: "dead", code: "cancelled", message: "as asked", retryable: false });
  await cancel(later, { interaction_id: finished });
  await same.settle(finished, { kind: "done", result: "done all the same" });
  expect(await told(later, id)).toEqual(["interaction_started", "ingested", "text_delta", "cancelled"]);
  expect((await told(later, finished)).at(-1)).toBe("done all the same");
  await later.stop();
});

test("[comms.cancel] a host that gives it back, or is gone, leaves it to its end", async () => {
  const { world, bob } = await started();
  const returned = await sent(world);
  const lost = await sent(world);
  await bob.drain();
  for (const id of [returned, lost]) await cancel(world, { interaction_id: id });
  await bob.settle(returned, { kind: "retry_after", delay_ms: 0 });
  expect(await told(world, returned)).toEqual(["interaction_started", "dead", "cancelled"]);
  expect(await bob.drain()).toEqual([]);
  world.clock.advance(60_000);
  await settle();
  expect(await told(world, lost)).toEqual(["interaction_started", "dead", "cancelled"]);
  await world.stop();
});

test("[comms.cancel] only who sent it, or may use the session, can ask; and only while it is not over", async () => {
  const { world, bob } = await started();
  const id = await sent(world);
  const ann: CallAs = { session: "ann", principal: principalNamed("ann") };
  await expect(cancel(world, { interaction_id: id }, ann)).rejects.toMatchObject({
    code: "permission_denied",
  });
  const unknown = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";
  await expect(cancel(world, { interaction_id: unknown })).rejects.toMatchObject({
    code: "interaction_not_found",
  });
  for (const [params, field, issue] of [
    [null, "params", "wrong_type"],
    [[id], "params", "wrong_type"],
    [{}, "params.interaction_id", "missing_field"],
    [{ interaction_id: 7 }, "params.interaction_id", "wrong_type"],
    [{ interaction_id: "bob" }, "params.interaction_id", "pattern"],
  ] as const)
    await expect(cancel(world, params)).rejects.toMatchObject({
      code: "invalid_command",
      details: [{ field, issue }],
    });
  // The session's owner may, whoever it acts as.
  await cancel(world, { interaction_id: id }, { session: "owner" });
  await expect(cancel(world, { interaction_id: id })).rejects.toMatchObject({ code: "interaction_ended" });
  const answered = await sent(world);
  await bob.drain();
  await bob.respond("eve", answered, 1);
  await expect(cancel(world, { interaction_id: answered })).rejects.toMatchObject({
    code: "interaction_ended",
  });
  await world.stop();
});

test("[comms.cancel] the same key asks once, also when the interaction is over by then", async () => {
  const { world } = await started();
  const id = await sent(world);
  const request = {
    ...ask,
    intent: "comms.cancel",
    params: { interaction_id: id },
    options: { idempotency_key: "once" },
  };
  const first = await world.call("comms.send", request, { session: "eve" });
  expect(await world.call("comms.send", request, { session: "eve" })).toEqual({
    ...first,
    deduplicated: true,
  });
  await world.stop();
});

test("[comms.cancel] cancelling and draining at once: the host never gets what was cancelled", async () => {
  for (const order of ["cancel first", "drain first"]) {
    const { world, bob } = await started();
    const id = await sent(world);
    const steps = [() => cancel(world, { interaction_id: id }), () => bob.drain()];
    if (order === "drain first") steps.reverse();
    await Promise.all(steps.map((step) => step()));
    await settle();
    const events = await told(world, id);
    if (order === "cancel first") expect(events.at(-1)).toBe("cancelled");
    else {
      expect(events).toEqual(["interaction_started"]);
      expect(await bob.emit(id, "x")).toMatchObject({ cancel_requested: true });
    }
    await world.stop();
  }
});
