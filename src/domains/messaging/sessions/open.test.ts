import { expect, test } from "vitest";
import { settle } from "../../../../test/support/simulation.js";
import { principalNamed, World } from "../../../../test/support/world.js";
import type { InboundPolicy } from "../../../generated/types.js";

const ann = { principal: principalNamed("ann") };
const ben = { principal: principalNamed("ben") };

test("[sessions.open] opening a name makes a session and a lease on it", async () => {
  const world = await World.start();
  const { session, lease } = await world.call("sessions.open", {
    name: "bob",
    description: "plans",
    labels: { team: "a" },
    ttl_ms: 5000,
  });
  expect(session).toEqual({
    session_id: expect.any(String),
    name: "bob",
    principal: "local",
    description: "plans",
    labels: { team: "a" },
    state: "live",
    created_at: "2026-01-01T00:00:00.000Z",
    unread: 0,
    last_sequence: 0,
    lease_expires_at: "2026-01-01T00:00:05.000Z",
  });
  expect(lease).toEqual({
    token: expect.stringMatching(/^[A-Za-z0-9_-]{16,128}$/),
    fence: expect.any(Number),
    ttl_ms: 5000,
    expires_at: "2026-01-01T00:00:05.000Z",
  });
  await world.stop();
});

test("[sessions.one-holder] two live sessions cannot share a name; a repeat with the token renews", async () => {
  const world = await World.start();
  const open = { name: "bob", ttl_ms: 5000, lease_token: "token-of-the-holder" };
  const [first, second] = await Promise.allSettled([
    world.call("sessions.open", open),
    world.call("sessions.open", { ...open, lease_token: "token-of-another-1" }),
  ]);
  expect(first.status).toBe("fulfilled");
  expect(second).toMatchObject({ reason: { code: "session_name_taken", retryAfterMs: 5000 } });
  world.clock.advance(4000);
  const renewed = await world.call("sessions.open", open);
  expect(renewed.lease.expires_at).toBe("2026-01-01T00:00:09.000Z");
  expect(renewed.lease.fence).toBe((first as PromiseFulfilledResult<typeof renewed>).value.lease.fence);
  world.clock.advance(4999);
  await expect(world.call("sessions.open", { name: "bob", ttl_ms: 5000 })).rejects.toMatchObject({
    code: "session_name_taken",
  });
  await world.stop();
});

test.each([
  ["after its lease had ended", [undefined]],
  ["while the end of its lease was being stored", [0, 1, 2, 3, 4, 5, 6, 7, 8]],
])("[sessions.revived] a holder that came back %s keeps the name over a restart", async (_, moments) => {
  for (const moment of moments) {
    const world = await World.start();
    const open = { name: "bob", ttl_ms: 5000, lease_token: "token-of-the-holder" };
    const { lease } = await world.call("sessions.open", open);
    world.clock.advance(6000);
    if (moment === undefined) await settle();
    else for (let turn = 0; turn < moment; turn += 1) await Promise.resolve();
    const drain = { name: "bob", lease_token: open.lease_token, max: 1, wait_ms: 0 };
    await world.call("sessions.drain", drain);
    await settle();
    const later = await world.restart();
    await expect(later.call("sessions.open", { name: "bob", ttl_ms: 5000 })).rejects.toMatchObject({
      code: "session_name_taken",
    });
    expect((await later.call("sessions.open", open)).lease.fence).toBe(lease.fence);
    await later.stop();
  }
});

test("[sessions.fence-own] who lets go at once is told its own fence, not the next holder's", async () => {
  const world = await World.start();
  const [first, second] = await Promise.all([
    world.call("sessions.open", { name: "bob", ttl_ms: 0, lease_token: "token-of-the-first-1" }),
    world.call("sessions.open", { name: "bob", ttl_ms: 5000, lease_token: "token-of-the-second" }),
  ]);
  expect(second.lease.fence).toBeGreaterThan(first.lease.fence);
  await world.stop();
});

test("[sessions.fence] the fence rises with each holder; the one before learns that it is over", async () => {
  const world = await World.start();
  const open = { name: "bob", ttl_ms: 5000, lease_token: "token-of-the-first" };
  const first = await world.call("sessions.open", open);
  const bob = { name: "bob", lease_token: open.lease_token, max: 1, wait_ms: 0 };
  await world.call("comms.send", { kind: "peer_message", to: "bob", body: "x" });
  const drained = await world.call("sessions.drain", bob);
  world.clock.advance(5000);
  const second = await world.call("sessions.open", { name: "bob", ttl_ms: 5000 });
  expect(second.session.session_id).toBe(first.session.session_id);
  expect(second.lease.fence).toBeGreaterThan(first.lease.fence);
  await expect(world.call("sessions.drain", bob)).rejects.toMatchObject({ code: "fence_stale" });
  await expect(world.call("sessions.open", open)).rejects.toMatchObject({ code: "fence_stale" });
  await expect(
    world.call("sessions.settle", {
      name: "bob",
      claim_token: drained.claim!.token,
      interaction_id: drained.interactions[0]!.interaction_id,
      outcome: { kind: "done" },
    }),
  ).rejects.toMatchObject({ code: "fence_stale" });
  // What the old holder had claimed is the new one's at once.
  const again = await world.call("sessions.drain", { ...bob, lease_token: second.lease.token });
  expect(again.interactions).toMatchObject([{ attempt: 2 }]);
  await world.stop();
});

test("[sessions.principal] a taken name of another user's session suggests one that the caller may have", async () => {
  const world = await World.start();
  for (const name of ["user-local", "user-x-2"]) await world.call("sessions.open", { name, ttl_ms: 5000 });
  await expect(world.call("sessions.open", { name: "user-local", ttl_ms: 5000 }, ben)).rejects.toMatchObject({
    code: "session_name_taken",
    message: expect.stringContaining("for example local-2."),
  });
  const granted = { principal: principalNamed("ben", ["user-x-2"]) };
  await world.call("sessions.open", { name: "user-x-3", ttl_ms: 5000 });
  await expect(
    world.call("sessions.open", { name: "user-x-2", ttl_ms: 5000 }, granted),
  ).rejects.toMatchObject({
    message: expect.stringContaining("for example x-2."),
  });
  await world.stop();
});

test("[sessions.principal] a name belongs to its principal until it is closed", async () => {
  const world = await World.start();
  const { lease } = await world.call("sessions.open", { name: "bob", ttl_ms: 5000 }, ann);
  world.clock.advance(5000);
  await expect(world.call("sessions.open", { name: "bob", ttl_ms: 5000 }, ben)).rejects.toMatchObject({
    code: "session_name_taken",
  });
  await expect(world.call("sessions.get", { name: "bob" }, ben)).rejects.toMatchObject({
    code: "session_not_found",
  });
  expect((await world.call("sessions.list", {}, ben)).sessions).toEqual([]);
  await expect(world.call("sessions.close", { name: "bob" }, ben)).rejects.toMatchObject({
    code: "permission_denied",
  });
  await expect(world.call("sessions.open", { name: "user-ann", ttl_ms: 5000 }, ben)).rejects.toMatchObject({
    code: "permission_denied",
  });
  await world.call("sessions.close", { name: "bob", lease_token: lease.token }, ann);
  await world.call("sessions.open", { name: "bob", ttl_ms: 5000 }, ben);
  await world.stop();
});

test("[sessions.local] the local user may take any offline name", async () => {
  const world = await World.start();
  await world.call("sessions.open", { name: "bob", ttl_ms: 5000 }, ann);
  await expect(world.call("sessions.open", { name: "bob", ttl_ms: 5000 })).rejects.toMatchObject({
    code: "session_name_taken",
  });
  world.clock.advance(5000);
  expect((await world.call("sessions.open", { name: "bob", ttl_ms: 5000 })).session.principal).toBe("ann");
  await world.stop();
});

test("[sessions.connection] a lease lives and dies with the WebSocket that opened it", async () => {
  const world = await World.start();
  const open = { name: "bob", ttl_ms: 1000, lease_token: "token-of-the-holder" };
  const first = await world.call("sessions.open", open, { connection: "c1" });
  world.clock.advance(3_600_000);
  expect((await world.call("sessions.get", { name: "bob" })).session.state).toBe("live");
  world.sessions.directory.connectionClosed("c1");
  expect((await world.call("sessions.get", { name: "bob" })).session).toMatchObject({ state: "offline" });
  const back = await world.call("sessions.open", open, { connection: "c2" });
  expect(back.lease.fence).toBe(first.lease.fence);
  world.sessions.directory.connectionClosed("c1");
  expect((await world.call("sessions.get", { name: "bob" })).session.state).toBe("live");
  world.sessions.directory.connectionClosed("c2");
  const next = await world.call("sessions.open", { name: "bob", ttl_ms: 1000 });
  expect(next.lease.fence).toBeGreaterThan(first.lease.fence);
  await world.stop();
});

test("[sessions.restart] after a restart the holder's token still works and others wait", async () => {
  const world = await World.start();
  const open = { name: "bob", ttl_ms: 1000, lease_token: "token-of-the-holder" };
  const first = await world.call("sessions.open", open, { connection: "c1" });
  const dropped = await world.call("sessions.open", { name: "eve", ttl_ms: 1000 }, { connection: "c2" });
  world.sessions.directory.connectionClosed("c2");
  await settle();
  const later = await world.restart();
  await expect(later.call("sessions.open", { name: "bob", ttl_ms: 1000 })).rejects.toMatchObject({
    code: "session_name_taken",
    retryAfterMs: 30_000,
  });
  expect((await later.call("sessions.open", open)).lease.fence).toBe(first.lease.fence);
  const taken = await later.call("sessions.open", { name: "eve", ttl_ms: 1000 });
  expect(taken.lease.fence).toBeGreaterThan(dropped.lease.fence);
  await later.stop();
});

test("[sessions.list] sessions are listed by name with what waits for them", async () => {
  const world = await World.start();
  await world.host("zoe");
  const bob = await world.host("bob");
  await world.call("comms.send", { kind: "peer_message", to: "bob", body: "x" }, { session: "zoe" });
  const { sessions } = await world.call("sessions.list", {});
  expect(sessions).toMatchObject([
    { name: "bob", unread: 1, last_sequence: 1 },
    { name: "zoe", unread: 0, last_sequence: 0 },
  ]);
  await bob.drain();
  expect((await world.call("sessions.get", { name: "bob" })).session.unread).toBe(0);
  await world.stop();
});

test("[sessions.release] a lease of no time lets go of the name at once, for good, and keeps the inbox", async () => {
  const world = await World.start();
  const open = { name: "bob", ttl_ms: 5000, lease_token: "token-of-the-holder" };
  const first = await world.call("sessions.open", open);
  const waiting = world.call("sessions.drain", {
    name: "bob",
    lease_token: open.lease_token,
    max: 1,
    wait_ms: 20_000,
  });
  await settle();
  const { session } = await world.call("sessions.open", { ...open, ttl_ms: 0 });
  expect(session.state).toBe("offline");
  expect(await waiting).toEqual({ interactions: [] });
  await world.call("comms.send", { kind: "peer_message", to: "bob", body: "for the next one" });
  const later = await world.restart();
  const next = await later.call("sessions.open", { name: "bob", ttl_ms: 5000 });
  expect(next.session).toMatchObject({ session_id: first.session.session_id, unread: 1 });
  expect(next.lease.fence).toBeGreaterThan(first.lease.fence);
  await later.stop();
});

test("[sessions.release.renew] who let go and waits for work again keeps the name while waiting", async () => {
  const world = await World.start();
  const open = { name: "bob", ttl_ms: 5000, lease_token: "token-of-the-holder" };
  const drain = { name: "bob", lease_token: open.lease_token, max: 1, wait_ms: 20_000 };
  await world.call("sessions.open", { ...open, ttl_ms: 0 });
  const early = world.call("sessions.drain", drain);
  await settle();
  await world.call("sessions.open", open);
  world.clock.advance(20_000);
  expect(await early).toEqual({ interactions: [] });
  const waiting = world.call("sessions.drain", drain);
  await settle();
  world.clock.advance(10_000);
  expect((await world.call("sessions.get", { name: "bob" })).session.state).toBe("live");
  world.clock.advance(10_000);
  await waiting;
  await world.stop();
});

test("[sessions.expired.restart] a lease that ran out does not come back with the daemon", async () => {
  const world = await World.start();
  await world.call("sessions.open", { name: "bob", ttl_ms: 5000 });
  world.clock.advance(5000);
  await settle();
  const later = await world.restart();
  expect((await later.call("sessions.get", { name: "bob" })).session.state).toBe("offline");
  await later.stop();
});

test("[sessions.inbound-policy] a policy is kept, shown to peers, replaced whole, and raises the generation", async () => {
  let world = await World.start();
  const bob = await world.host("bob");
  const open = (policy?: InboundPolicy) =>
    world.call("sessions.open", {
      name: "bob",
      ttl_ms: 86_400_000,
      lease_token: bob.token,
      ...(policy === undefined ? {} : { inbound_policy: policy }),
    });
  const seen = async () => {
    const { peers, generation } = await world.call("comms.peers", {});
    return { policy: peers.find(({ name }) => name === "bob")?.inbound_policy, generation };
  };
  const before = await seen();
  expect(before.policy).toEqual({});
  await open({ peer_message: "hold" });
  const held = await seen();
  expect(held.policy).toEqual({ peer_message: "hold" });
  expect(held.generation).toBeGreaterThan(before.generation);

  await open();
  expect(await seen()).toEqual(held);
  world = await world.restart();
  expect((await seen()).policy).toEqual({ peer_message: "hold" });

  const { session } = await open({ peer_request: "hold" });
  expect(session.inbound_policy).toEqual({ peer_request: "hold" });
  expect((await world.call("sessions.list", {})).sessions).toContainEqual(session);
  await world.stop();
});
