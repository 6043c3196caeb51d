import { describe, expect, test } from "vitest";
import { HeldStore } from "../../../../test/support/held-store.js";
import { type LinkedDaemon, LinkedDaemons } from "../../../../test/support/linked-daemons.js";
import { settle } from "../../../../test/support/simulation.js";
import type { CommsCommand, SendReceipt } from "../../../generated/types.js";
import { openMemory } from "../../../storage/memory/open-memory.js";

/** Longer than a daemon waits for an acknowledgement before it sends an envelope again. */
const patienceMs = 31_000;

interface Scene {
  daemons: LinkedDaemons;
  a: LinkedDaemon;
  b: LinkedDaemon;
  /** The store of `b`. */
  store: HeldStore;
}

async function paired(): Promise<Scene> {
  const daemons = new LinkedDaemons();
  const store = new HeldStore(openMemory({ clock: daemons.clock }));
  const a = await daemons.start("alpha");
  const b = await daemons.start("beta", store.backend);
  await daemons.pair(a, b);
  return { daemons, a, b, store };
}

function send({ a }: Scene, command: CommsCommand): Promise<SendReceipt> {
  return a.world.call("comms.send", command, { session: "planner" });
}

/** The states and kinds of the interaction's events at `a`. */
async function story({ a }: Scene, receipt: SendReceipt): Promise<string[]> {
  if (!("interaction_id" in receipt)) throw new Error(receipt.kind);
  const events = await a.world.read({ kind: "interaction", interaction_id: receipt.interaction_id });
  return events.map(({ event }) => (event.kind === "delivery_updated" ? event.state : event.kind));
}

describe("[comms.repeat-in-flight] an envelope that comes again while its first arrival is in flight", () => {
  test("is acknowledged as the first is: a command that a policy holds is not reported as delivered", async () => {
    const scene = await paired();
    const { daemons, b, store } = scene;
    const inbound_policy = { peer_message: "hold" as const };
    await b.world.call("sessions.open", { name: "carol", ttl_ms: 86_400_000, inbound_policy });
    await daemons.pass(100);
    store.hold((log) => log.startsWith("inbox/"));
    const receipt = await send(scene, { kind: "peer_message", to: "carol-beta", body: "hi" });
    await daemons.pass(100);
    await store.held[0]!.write();
    await daemons.pass(patienceMs);
    await store.release();
    await daemons.pass(patienceMs);
    expect(await story(scene, receipt)).toEqual(["interaction_started", "ambiguous", "held"]);
    expect(store.held).toEqual([]);
  });

  test("a cancel is not refused because of the end that its first arrival writes", async () => {
    const scene = await paired();
    const { daemons, b, store } = scene;
    await b.world.host("echo");
    await daemons.pass(100);
    const ask = { kind: "peer_request" as const, to: "echo-beta", stream: "none" as const };
    const asked = await send(scene, { ...ask, intent: "ask", params: null });
    if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
    await daemons.pass(100);
    store.hold((log) => log.startsWith("inbox/"));
    const params = { interaction_id: asked.interaction_id };
    const cancel = await send(scene, { ...ask, intent: "comms.cancel", params });
    await daemons.pass(patienceMs);
    await store.release();
    await daemons.pass(patienceMs);
    expect((await story(scene, cancel)).at(-1)).toBe("interaction_complete");
    expect((await story(scene, asked)).at(-1)).toBe("interaction_failed");
  });
});

test("[comms.repeat-in-flight] a daemon reports to another what is durable, not what is in flight", async () => {
  const scene = await paired();
  const { daemons, b, store } = scene;
  const echo = await b.world.host("echo");
  await daemons.pass(100);
  const receipt = await send(scene, { kind: "peer_message", to: "echo-beta", body: "hi" });
  await daemons.pass(100);
  const [item] = await echo.drain();
  store.hold((log) => log.startsWith("events/"));
  const emitted = echo.emit(item!.interaction_id, "working");
  await settle();
  daemons.net.cut();
  await daemons.pass(patienceMs);
  expect(await story(scene, receipt)).toEqual(["interaction_started", "delivered"]);
  await store.release();
  await emitted;
  await daemons.pass(patienceMs);
  expect(await story(scene, receipt)).toEqual(["interaction_started", "delivered", "ingested"]);
});
