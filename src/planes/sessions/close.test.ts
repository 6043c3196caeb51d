import { expect, test } from "vitest";
import { World } from "../../../test/support/world.js";

test("[sessions.close] closing ends what waits and frees the name", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const sent = await world.call("comms.send", {
    kind: "peer_request",
    to: "bob",
    intent: "ask",
    params: null,
    stream: "reserve_interaction",
  });
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  const scope = { kind: "interaction" as const, interaction_id: sent.interaction_id };
  const open = await world.stream({ scope });
  await expect(world.call("sessions.close", { name: "bob" })).rejects.toMatchObject({ code: "fence_stale" });
  const close = { name: "bob", lease_token: bob.token };
  expect(await world.call("sessions.close", close)).toEqual({ closed: true, already_closed: false });
  expect(await world.call("sessions.close", close)).toEqual({ closed: true, already_closed: true });
  const kinds: string[] = [];
  for await (const { kind } of open.events) kinds.push(kind);
  expect(kinds).toEqual(["interaction_started", "delivery_updated", "interaction_failed"]);
  const status = await world.stream({ scope, follow: false });
  expect(status.opened.snapshot.terminal).toMatchObject({ reason: { code: "abandoned" } });
  await expect(world.call("sessions.get", { name: "bob" })).rejects.toMatchObject({
    code: "session_not_found",
  });
  const again = await world.host("bob");
  expect(again.sessionId).not.toBe(bob.sessionId);
  expect(await again.drain()).toEqual([]);
  await expect(world.call("sessions.close", { name: "nobody" })).rejects.toMatchObject({
    code: "session_not_found",
  });
  await world.stop();
});

test("[sessions.close] an offline session is closed without its token", async () => {
  const world = await World.start();
  await world.call("sessions.open", { name: "bob", ttl_ms: 1000 });
  world.clock.advance(1000);
  expect(await world.call("sessions.close", { name: "bob" })).toMatchObject({ already_closed: false });
  await world.stop();
});

test("[sessions.close] a drain that waits is told", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const waiting = world.call("sessions.drain", {
    name: "bob",
    lease_token: bob.token,
    max: 1,
    wait_ms: 60_000,
  });
  await world.call("sessions.close", { name: "bob", lease_token: bob.token });
  await expect(waiting).rejects.toMatchObject({ code: "session_not_found" });
  await world.stop();
});
