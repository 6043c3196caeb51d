import { expect, test } from "vitest";
import { World } from "../../../../test/support/world.js";

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

test("[sessions.replaced] a session that gave its name to others is known for a while, then it leaves the memory", async () => {
  const world = await World.start();
  const ids: string[] = [];
  const replace = async (): Promise<void> => {
    const bob = await world.host("bob");
    ids.push(bob.sessionId);
    await world.call("sessions.close", { name: "bob", lease_token: bob.token });
  };
  const known = () => ids.map((id) => world.sessions.directory.byId(id) !== undefined);
  await replace();
  await replace();
  await replace();
  expect(known()).toEqual([true, true, true]);
  world.clock.advance(3_599_999);
  await replace();
  expect(known()).toEqual([true, true, true, true]);
  world.clock.advance(1);
  // The third was replaced just now.
  await replace();
  expect(known()).toEqual([false, false, true, true, true]);
  expect(world.sessions.directory.byIdSuffix(ids[0]!.slice(-8))).toEqual([]);
  await world.stop();
});
