import * as fc from "fast-check";
import { expect, test } from "vitest";
import { principalNamed, World } from "../../../../test/support/world.js";
import type { CommsCommand, InboundAction, InboundPolicy, SendableKind } from "../../../generated/types.js";
import type { ContractError } from "../../../kernel/contract-error.js";

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

test("[comms.inbound-policy] [field.consent] what a peer refuses is neither listed nor sent, what it holds is both", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const say = (policy: InboundPolicy) =>
    world.call("sessions.open", {
      name: "bob",
      ttl_ms: 5000,
      lease_token: bob.token,
      inbound_policy: policy,
    });
  const send = () => world.call("comms.send", { kind: "peer_message", to: "bob", body: "x" });
  const kinds = async () => (await world.call("comms.peers", {})).peers.map((peer) => peer.sendable_kinds);

  await say({ peer_message: "refuse" });
  expect(await kinds()).toEqual([["peer_request", "peer_response"]]);
  await expect(send()).rejects.toMatchObject({
    code: "peer_not_sendable",
    message: expect.stringContaining("bob refuses peer_message by its inbound policy"),
  });
  expect((await world.call("sessions.get", { name: "bob" })).session.unread).toBe(0);

  await say({ peer_message: "hold" });
  expect(await kinds()).toEqual([["peer_message", "peer_request", "peer_response"]]);
  await send();

  await say({ peer_message: "refuse", peer_request: "refuse", peer_response: "refuse" });
  expect(await kinds()).toEqual([]);
  await expect(send()).rejects.toMatchObject({ code: "peer_not_sendable" });
  await world.stop();
});

test("[comms.truthful] [seed003.m3] [seed003.accept-truthful] [field.one-view] whatever happens to sessions, send reaches every listed peer and kind", async () => {
  const names = ["a", "b", "c", "d"];
  const action = fc.constantFrom<InboundAction>("accept", "hold", "refuse");
  const policy = fc.record({ peer_message: action, peer_request: action, peer_response: action });
  const step = fc.oneof(
    fc.record({ do: fc.constant("open" as const), name: fc.constantFrom(...names), policy }),
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
              .call(
                "sessions.open",
                { name: now.name, ttl_ms: 2000, inbound_policy: now.policy },
                { connection: `socket-${now.name}` },
              )
              .catch(() => {});
        }
        const as = { session: actor, principal: principalNamed("local") };
        const { peers, generation } = await world.call("comms.peers", {}, as);
        for (const name of [...names, "user-ann"]) {
          const kinds: readonly string[] = peers.find((peer) => peer.name === name)?.sendable_kinds ?? [];
          for (const [kind, command] of Object.entries(commandsTo(name))) {
            const sent = await world.call("comms.send", command, as).then(
              () => "accepted",
              (error: ContractError) => error.code,
            );
            // A response is refused for its interaction, not for its peer.
            const reached = sent === (kind === "peer_response" ? "interaction_not_found" : "accepted");
            expect([name, kind, reached]).toEqual([name, kind, kinds.includes(kind)]);
          }
        }
        expect((await world.call("comms.peers", {}, as)).generation).toBe(generation);
        await world.stop();
      },
    ),
    { numRuns: 60 },
  );
});

function commandsTo(to: string): Record<SendableKind, CommsCommand> {
  return {
    peer_message: { kind: "peer_message", to, body: "x" },
    peer_request: { kind: "peer_request", to, intent: "ask", params: null, stream: "none" },
    peer_response: {
      kind: "peer_response",
      to,
      in_reply_to: "00000000-0000-7000-8000-000000000000",
      status: "completed",
      result: null,
    },
  };
}
