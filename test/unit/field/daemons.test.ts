import { expect, test } from "vitest";
import type { AgentEvent, SendReceipt } from "../../../src/generated/types.js";
import { type LinkedDaemon, LinkedDaemons } from "../../support/linked-daemons.js";
import { settle } from "../../support/simulation.js";

async function paired(
  options: ConstructorParameters<typeof LinkedDaemons>[0] = {},
): Promise<{ daemons: LinkedDaemons; a: LinkedDaemon; b: LinkedDaemon }> {
  const daemons = new LinkedDaemons(options);
  const a = await daemons.start("alpha");
  const b = await daemons.start("beta");
  await daemons.pair(a, b);
  return { daemons, a, b };
}

function say(daemon: LinkedDaemon, to: string, body: string, options = {}): Promise<SendReceipt> {
  return daemon.world.call("comms.send", { kind: "peer_message", to, body, options }, { session: "planner" });
}

/** The moves of a delivery, as its sender was told. */
async function moves(daemon: LinkedDaemon, receipt: SendReceipt): Promise<string[]> {
  if (!("interaction_id" in receipt)) throw new Error("no interaction");
  const events = await daemon.world.read({ kind: "interaction", interaction_id: receipt.interaction_id });
  return events.flatMap(({ event }: { event: AgentEvent }) =>
    event.kind === "delivery_updated" ? [event.state] : [],
  );
}

test("[field.receipt-truth] a receipt for another daemon says queued until that daemon has it, and ingested when its host took it", async () => {
  const { daemons, a, b } = await paired();
  const bob = await b.world.host("bob");
  await daemons.pass(100);
  b.leave();
  await daemons.pass(1_000);
  const receipt = await say(a, "bob-beta", "hi");
  expect(receipt).toMatchObject({ acked: false, delivery: { state: "queued" } });
  await daemons.pass(5_000);
  expect(await moves(a, receipt)).toEqual([]);
  expect(await bob.drain()).toEqual([]);
  const back = await b.kill();
  await daemons.pass(120_000);
  expect(await moves(a, receipt)).toEqual(["delivered"]);
  const host = bob.on(back.world);
  const [item] = await host.drain();
  await settle(60);
  expect(await moves(a, receipt)).toEqual(["delivered"]);
  await host.settle(item!.interaction_id);
  await settle(60);
  expect(await moves(a, receipt)).toEqual(["delivered", "ingested"]);
});

test("[field.ambiguous-send] a lost acknowledgement is told as ambiguous, never as failed, and resolved without a second message", async () => {
  let lose = false;
  const { daemons, a, b } = await paired({
    fate: (from, _to, data) => (lose && from.includes("beta") && typeof data !== "string" ? "drop" : "pass"),
  });
  const bob = await b.world.host("bob");
  await daemons.pass(100);
  lose = true;
  const receipt = await say(a, "bob-beta", "once", { idempotency_key: "k" });
  await settle(60);
  expect(await moves(a, receipt)).toEqual(["ambiguous"]);
  // A caller that does not know better repeats itself.
  expect(await say(a, "bob-beta", "once", { idempotency_key: "k" })).toMatchObject({ deduplicated: true });
  lose = false;
  await daemons.pass(61_000);
  expect(await moves(a, receipt)).toEqual(["ambiguous", "delivered"]);
  expect(await bob.drain()).toMatchObject([{ body: "once" }]);
});

test("[field.wedged-peer] a daemon that is away holds up nobody's sends to others", async () => {
  const { daemons, a, b } = await paired();
  await b.world.host("bob");
  const local = await a.world.host("local");
  await daemons.pass(100);
  b.leave();
  const before = daemons.clock.monotonic();
  for (let n = 0; n < 20; n += 1) {
    expect(await say(a, "bob-beta", `${n}`)).toMatchObject({ delivery: { state: "queued" } });
    expect(await say(a, "local", `${n}`)).toMatchObject({ delivery: { state: "delivered" } });
  }
  expect(daemons.clock.monotonic()).toBe(before);
  expect((await local.drain()).length).toBe(20);
});

test("[field.name-shadow] a far session takes no local name's messages, and a local one no far name's", async () => {
  const { daemons, a, b } = await paired();
  const far = await b.world.host("bob");
  const near = await a.world.host("bob");
  await daemons.pass(100);
  await say(a, "bob", "for the near one");
  await say(a, "bob-beta", "for the far one");
  await settle(60);
  expect(await near.drain()).toMatchObject([{ body: "for the near one" }]);
  expect(await far.drain()).toMatchObject([{ body: "for the far one", from: "planner-alpha" }]);
});

test("[field.identity] who a far name belongs to is known by its id, through new keys, and refused when it is another", async () => {
  const { daemons, a, b } = await paired();
  const bob = await b.world.host("bob");
  await daemons.pass(100);
  const idOf = async (): Promise<string | undefined> =>
    (await a.world.call("comms.peers", {}, { session: "planner" })).peers.find(
      ({ name }) => name === "bob-beta",
    )?.peer_id;
  const known = await idOf();
  expect(known).toBeDefined();
  await b.endpoints.handlers.rotate_keys({ force: false }, b.world.context());
  await daemons.pass(5_000);
  expect(await idOf()).toBe(known);
  await say(a, "bob-beta", "still you", { expect_peer_id: known });
  await settle(60);
  expect(await bob.drain()).toMatchObject([{ body: "still you", trust: { verified: true } }]);
  // Another session has the name by now.
  await b.world.call("sessions.close", { name: "bob", lease_token: bob.token });
  const other = await b.world.host("bob");
  await daemons.pass(1_000);
  expect(await idOf()).not.toBe(known);
  await expect(say(a, "bob-beta", "a secret", { expect_peer_id: known })).rejects.toMatchObject({
    code: "peer_identity_changed",
  });
  await settle(60);
  expect(await other.drain()).toEqual([]);
});

test("[field.trace] a trace goes with the envelope to another daemon's host, and back with the answer", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const back = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
  const { daemons, a, b } = await paired();
  const bob = await b.world.host("bob");
  const planner = await a.world.host("planner");
  await daemons.pass(100);
  await a.world.call(
    "comms.send",
    {
      kind: "peer_request",
      to: "bob-beta",
      intent: "ask",
      params: 1,
      stream: "none",
      options: { traceparent },
    },
    { session: "planner" },
  );
  await settle(60);
  const [item] = await bob.drain();
  expect(item).toMatchObject({ kind: "peer_request", traceparent });
  await b.world.call(
    "comms.send",
    {
      kind: "peer_response",
      to: "planner-alpha",
      in_reply_to: item!.interaction_id,
      status: "completed",
      result: 2,
      options: { traceparent: back },
    },
    { session: "bob" },
  );
  await settle(60);
  expect(await planner.drain()).toMatchObject([{ kind: "peer_response", result: 2, traceparent: back }]);
});
