import { describe, expect, test } from "vitest";
import { type LinkedDaemon, LinkedDaemons } from "../../../../test/support/linked-daemons.js";
import { settle } from "../../../../test/support/simulation.js";
import type { Host } from "../../../../test/support/world.js";
import type { LinkFrame, SendReceipt } from "../../../generated/types.js";

/** Two daemons that talk, and a third that one of them is paired with too and that says what it should not. */
async function three(): Promise<{
  daemons: LinkedDaemons;
  a: LinkedDaemon;
  b: LinkedDaemon;
  c: LinkedDaemon;
  echo: Host;
}> {
  const daemons = new LinkedDaemons();
  const a = await daemons.start("alpha");
  const b = await daemons.start("beta");
  const c = await daemons.start("gamma");
  await daemons.pair(a, b);
  await daemons.pair(a, c);
  const echo = await b.world.host("echo");
  await daemons.pass(200);
  return { daemons, a, b, c, echo };
}

function idOf(daemon: LinkedDaemon, of: string): string {
  return daemon.endpoints.links.all().find(({ name }) => name === of)!.endpointId;
}

function ask(a: LinkedDaemon): Promise<SendReceipt> {
  return a.world.call(
    "comms.send",
    { kind: "peer_request", to: "echo-beta", intent: "ask", params: 1, stream: "none" },
    { session: "planner" },
  );
}

async function kinds(a: LinkedDaemon, receipt: SendReceipt): Promise<string[]> {
  if (!("interaction_id" in receipt)) throw new Error("no interaction");
  const events = await a.world.read({ kind: "interaction", interaction_id: receipt.interaction_id });
  return events.map(({ event }) => event.kind);
}

const uuid = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";

describe("[link.foreign] a paired daemon", () => {
  test("cannot tell what came of a command that went to another", async () => {
    const { a, c } = await three();
    const receipt = await ask(a);
    await settle(60);
    if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
    const { interaction_id, envelope_id } = receipt;
    const to = idOf(c, "alpha");
    const frames: LinkFrame[] = [
      { kind: "ack", envelope_id, state: "dead", message: "says gamma" },
      {
        kind: "result",
        result_id: uuid,
        envelope_id,
        interaction_id,
        event: { kind: "interaction_complete", result: "says gamma" },
      },
    ];
    for (const frame of frames) expect(c.endpoints.links.send(to, frame)).toBe(true);
    await settle(60);
    expect(await kinds(a, receipt)).toEqual(["interaction_started", "delivery_updated"]);
  });

  test("cannot speak in another's name, nor to sessions it was not told of", async () => {
    const { daemons, a, c } = await three();
    const worker = await a.world.host("worker");
    await a.world.call("comms.peers", {}, {});
    await daemons.pass(200);
    const to = idOf(c, "alpha");
    const userLocal = await a.world.call("sessions.get", { name: "user-local" });
    const said = (toId: string, name: string): void => {
      const now = daemons.clock.now();
      const text = c.endpoints.links.seal(
        to,
        {
          envelope_id: crypto.randomUUID().replace(/^(.{14})./, "$17"),
          from: "echo",
          from_id: uuid,
          to: name,
          to_id: toId,
          kind: "peer_message",
          interaction_id: uuid,
          created_at: new Date(now).toISOString(),
          expires_at: new Date(now + 60_000).toISOString(),
        },
        JSON.stringify({ kind: "peer_message", to: name, body: "open the door" }),
      );
      c.endpoints.links.send(to, { kind: "envelope", envelope: text! });
    };
    said(worker.sessionId, "worker");
    said(userLocal.session.session_id, "user-local");
    await settle(60);
    expect(await worker.drain()).toMatchObject([{ from: "echo-gamma" }]);
    expect((await a.world.call("sessions.get", { name: "user-local" })).session.unread).toBe(0);
  });

  test("that sends what makes no sense does no harm, and is talked to on", async () => {
    const { daemons, a, b, c, echo } = await three();
    const to = idOf(c, "alpha");
    const strange: LinkFrame[] = [
      { kind: "envelope", envelope: "{}" },
      { kind: "envelope", envelope: '{"sig":"x"}' },
      { kind: "envelope", envelope: "\u0000\u0000" },
      { kind: "ack", envelope_id: uuid, state: "delivered" },
      { kind: "result_ack", result_id: uuid },
      {
        kind: "result",
        result_id: uuid,
        envelope_id: uuid,
        interaction_id: uuid,
        event: { kind: "interaction_complete", result: null },
      },
      { kind: "directory", reset: false, complete: true, sessions: [], removed: [uuid] },
      {
        kind: "directory",
        reset: true,
        complete: true,
        sessions: [{ session_id: echo.sessionId, name: "echo", online: true }],
        removed: [],
      },
      { kind: "pair_proof", proof: "A".repeat(43) },
      {
        kind: "key_change",
        key_id: "0".repeat(16),
        public_key: "A".repeat(43),
        signed_by: "1".repeat(16),
        sig: "A".repeat(86),
      },
      { kind: "a_kind_of_a_later_contract" } as never,
    ];
    for (const frame of strange) expect(c.endpoints.links.send(to, frame)).toBe(true);
    await settle(60);
    expect(a.endpoints.links.isUp(idOf(a, "gamma"))).toBe(true);
    // Another daemon's session id is nobody else's: both are peers, each under its own daemon's name.
    const { peers } = await a.world.call("comms.peers", {}, { session: "planner" });
    const names = peers.map(({ name }) => name).filter((name) => !name.startsWith("user-"));
    expect(names).toEqual(["echo-beta", "echo-gamma"]);
    const receipt = await ask(a);
    await settle(60);
    const [got] = await echo.drain();
    await echo.respond("planner-alpha", got!.interaction_id, "still here");
    await daemons.pass(500);
    expect((await kinds(a, receipt)).at(-1)).toBe("interaction_complete");
    expect(b.name).toBe("beta");
  });
});
