import * as fc from "fast-check";
import { expect, test } from "vitest";
import { principalNamed, World } from "../../../test/support/world.js";

test("[comms.peers] peers are sorted, without oneself, with presence and what they say of themselves", async () => {
  const world = await World.start();
  await world.call("sessions.open", {
    name: "zoe",
    description: "last",
    labels: { team: "a" },
    ttl_ms: 5000,
  });
  await world.host("bob");
  const { peers, generation } = await world.call("comms.peers", {}, { session: "bob" });
  expect(peers.map(({ name }) => name)).toEqual(["zoe"]);
  const all = await world.call("comms.peers", {}, { session: "user-local" });
  expect(all.peers).toMatchObject([
    { name: "bob", source: "inproc", sendable_kinds: ["peer_message", "peer_request", "peer_response"] },
    { name: "zoe", meta: { description: "last", labels: { team: "a" } }, presence: { state: "online" } },
  ]);
  expect(all.generation).toBeGreaterThan(generation);
  world.clock.advance(5_001);
  const later = await world.call("comms.peers", {});
  expect(later.peers[1]).toMatchObject({ name: "zoe", presence: { state: "offline" } });
  expect(later.peers[1]!.lease).toBeUndefined();
  expect(later.generation).toBeGreaterThan(all.generation);
  await world.stop();
});

test("[comms.presence] a session that nobody holds is online while its log is followed", async () => {
  const world = await World.start();
  await world.call("comms.send", { kind: "peer_message", to: "bob", body: "x" }).catch(() => {});
  await world.host("bob");
  const me = world.sessions.directory.byName("user-local")!;
  const presence = async () =>
    (await world.call("comms.peers", {}, { session: "bob" })).peers[0]!.presence.state;
  expect(await presence()).toBe("offline");
  const { events } = await world.stream({ scope: { kind: "session", session_id: me.sessionId } });
  expect(await presence()).toBe("online");
  await events.return(undefined as never);
  expect(await presence()).toBe("offline");
  await world.stop();
});

test("[comms.truthful] whatever happens to sessions, send reaches every listed peer and kind", async () => {
  const names = ["a", "b", "c", "d"];
  const step = fc.oneof(
    fc.record({ do: fc.constant("open" as const), name: fc.constantFrom(...names) }),
    fc.record({ do: fc.constant("close" as const), name: fc.constantFrom(...names) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 4000 }) }),
    fc.record({ do: fc.constant("drop" as const), name: fc.constantFrom(...names) }),
    fc.record({ do: fc.constant("restart" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.constantFrom(...names, "user-ann"),
      async (steps, actor) => {
        let world = await World.start();
        for (const now of steps) {
          if (now.do === "wait") world.clock.advance(now.ms);
          else if (now.do === "restart") world = await world.restart(`${steps.length}`);
          else if (now.do === "drop") world.sessions.directory.connectionClosed(`socket-${now.name}`);
          else if (now.do === "close") await world.call("sessions.close", { name: now.name }).catch(() => {});
          else
            await world
              .call("sessions.open", { name: now.name, ttl_ms: 2000 }, { connection: `socket-${now.name}` })
              .catch(() => {});
        }
        const as = { session: actor, principal: principalNamed("local") };
        const { peers, generation } = await world.call("comms.peers", {}, as);
        for (const { name, sendable_kinds: kinds } of peers) {
          expect(kinds).toContain("peer_request");
          await world.call("comms.send", { kind: "peer_message", to: name, body: "x" }, as);
          await world.call(
            "comms.send",
            { kind: "peer_request", to: name, intent: "ask", params: null, stream: "none" },
            as,
          );
          // Resolved: what is refused is the interaction, not the peer.
          await expect(
            world.call(
              "comms.send",
              {
                kind: "peer_response",
                to: name,
                in_reply_to: "00000000-0000-7000-8000-000000000000",
                status: "completed",
                result: null,
              },
              as,
            ),
          ).rejects.toMatchObject({ code: "interaction_not_found" });
        }
        expect((await world.call("comms.peers", {}, as)).generation).toBe(generation);
        await world.stop();
      },
    ),
    { numRuns: 60 },
  );
});
