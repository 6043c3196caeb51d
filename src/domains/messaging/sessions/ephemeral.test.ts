import { describe, expect, test } from "vitest";
import { World } from "../../../../test/support/world.js";

const open = { name: "bob", ttl_ms: 5000, lease_token: "token-of-the-holder", ephemeral: true };

/** Lets what was begun in the background end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function stateOf(world: World): Promise<string> {
  return world.call("sessions.get", { name: "bob" }).then(
    ({ session }) => session.state,
    (error: { code: string }) => error.code,
  );
}

describe("[sessions.ephemeral] an ephemeral session", () => {
  test("says so, and is closed when its holder lets go: what waits ends", async () => {
    const world = await World.start();
    expect((await world.call("sessions.open", open)).session).toMatchObject({ ephemeral: true });
    const ask = { kind: "peer_request", to: "bob", intent: "ask", params: null } as const;
    const sent = await world.call("comms.send", { ...ask, stream: "reserve_interaction" });
    const { ephemeral: _, ...bare } = open;
    expect((await world.call("sessions.open", { ...bare, ttl_ms: 0 })).session.state).toBe("closed");
    expect(await stateOf(world)).toBe("session_not_found");
    const scope = {
      kind: "interaction" as const,
      interaction_id: (sent as { interaction_id: string }).interaction_id,
    };
    const { opened } = await world.stream({ scope, follow: false });
    expect(opened.snapshot.terminal).toMatchObject({ reason: { code: "abandoned" } });
    await world.stop();
  });

  test("is closed when its lease ends without renewal, as after kill -9 of the host", async () => {
    const world = await World.start();
    await world.call("sessions.open", open);
    world.clock.advance(4999);
    await world.call("sessions.open", open);
    world.clock.advance(4999);
    await settled();
    expect(await stateOf(world)).toBe("live");
    world.clock.advance(1);
    await settled();
    expect(await stateOf(world)).toBe("session_not_found");
    await world.stop();
  });

  test("whose WebSocket closed waits for its holder as long as its lease", async () => {
    const world = await World.start();
    await world.call("sessions.open", open, { connection: "c1" });
    world.sessions.directory.connectionClosed("c1");
    world.clock.advance(4999);
    await settled();
    expect(await stateOf(world)).toBe("offline");
    await world.call("sessions.open", open, { connection: "c2" });
    world.clock.advance(60_000);
    await settled();
    expect(await stateOf(world)).toBe("live");
    world.sessions.directory.connectionClosed("c2");
    await settled();
    world.clock.advance(5000);
    await settled();
    expect(await stateOf(world)).toBe("session_not_found");
    await world.stop();
  });

  test("outlives a restart of the daemon with its holder, and is closed without", async () => {
    const first = await World.start();
    await first.call("sessions.open", open);
    const second = await first.restart();
    second.clock.advance(20_000);
    await second.call("sessions.open", open);
    await settled();
    expect(await stateOf(second)).toBe("live");
    const third = await second.restart();
    third.clock.advance(30_000);
    await settled();
    expect(await stateOf(third)).toBe("session_not_found");
    await third.stop();
  });

  test("whose holder left just before the daemon ended is closed after the restart", async () => {
    const first = await World.start();
    await first.call("sessions.open", open, { connection: "c1" });
    first.sessions.directory.connectionClosed("c1");
    await settled();
    const second = await first.restart();
    expect(await stateOf(second)).toBe("offline");
    second.clock.advance(30_000);
    await settled();
    expect(await stateOf(second)).toBe("session_not_found");
    await second.stop();
  });

  test("is none any more when another holder takes it as it was before", async () => {
    const world = await World.start();
    await world.call("sessions.open", open, { connection: "c1" });
    world.sessions.directory.connectionClosed("c1");
    await world.call("sessions.open", { name: "bob", ttl_ms: 5000 });
    world.clock.advance(60_000);
    await settled();
    expect(await stateOf(world)).toBe("offline");
    await world.stop();
  });
});
