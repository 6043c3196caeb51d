import { expect, test } from "vitest";
import { atEveryWrite, faultKinds, runWithFault } from "../../../../test/support/crash-run.js";
import type { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { type Fault, settle } from "../../../../test/support/simulation.js";
import { storedReceipt } from "../../../../test/support/stored-receipt.js";
import { World } from "../../../../test/support/world.js";
import type { CommsCommand, SendReceipt } from "../../../generated/types.js";
import type { Backend } from "../../../kernel/backend.js";

const bobToken = "token-of-bob-the-host";
const eveToken = "token-of-eve-the-asker";
const sends = 6;

interface Acknowledged {
  receipts: Map<string, SendReceipt>;
  settled: Set<string>;
  emitted: Map<string, number>;
  closed: boolean;
}

const command = (n: number): CommsCommand => ({
  kind: "peer_request",
  to: "bob",
  intent: "ask",
  params: n,
  stream: n % 2 === 0 ? "none" : "reserve_interaction",
  options: { idempotency_key: `k${n}` },
});

/** Two senders, one host, everything at once; says what was acknowledged before the end. */
async function work(world: World, done: Acknowledged, close: boolean): Promise<void> {
  await world.call("sessions.open", { name: "bob", ttl_ms: 60_000, lease_token: bobToken });
  await world.call("sessions.open", { name: "eve", ttl_ms: 60_000, lease_token: eveToken });
  await Promise.allSettled(
    Array.from({ length: sends }, async (_, n) => {
      done.receipts.set(`k${n}`, await world.call("comms.send", command(n), { session: "eve" }));
    }),
  );
  const drain = { name: "bob", lease_token: bobToken, max: 4, wait_ms: 0 };
  for (let round = 0; round < 3; round += 1) {
    const { claim, interactions } = await world
      .call("sessions.drain", drain)
      .catch(() => ({ claim: undefined, interactions: [] }));
    await Promise.allSettled(
      interactions.map(async (item, at) => {
        const base = { name: "bob", claim_token: claim!.token, interaction_id: item.interaction_id };
        const events = [1, 2, 3].map((n) => ({
          kind: "text_delta" as const,
          turn_id: "00000000-0000-7000-8000-000000000000",
          delta: `${n}`,
        }));
        await world.call("sessions.emit", { ...base, events, idempotency_key: "first" });
        done.emitted.set(item.interaction_id, 3);
        if (at % 2 === 0)
          await world.call(
            "comms.send",
            {
              kind: "peer_response",
              to: "eve",
              in_reply_to: item.interaction_id,
              status: "completed",
              result: at,
              options: { idempotency_key: `answer-${item.interaction_id}` },
            },
            { session: "bob" },
          );
        await world.call("sessions.settle", { ...base, outcome: { kind: "done", result: at } });
        done.settled.add(item.interaction_id);
      }),
    );
  }
  if (close) {
    await world.call("sessions.close", { name: "bob", lease_token: bobToken });
    done.closed = true;
  }
}

/** What must hold on a store after any crash, once a daemon has started on it again. */
async function check(backend: Backend, clock: SimulatedClock, done: Acknowledged): Promise<void> {
  const world = await World.start({ backend, clock, seed: "after" });
  await settle();
  const bob = world.sessions.directory.byName("bob") ?? world.sessions.directory.closed()[0];
  if (bob === undefined) {
    expect(done.receipts.size).toBe(0);
    await world.stop();
    return;
  }
  // A repeat of every send finds the first, or is the first; nothing acknowledged is lost or doubled.
  const ids = new Set<string>();
  for (const [key, receipt] of done.receipts) {
    const n = Number(key.slice(1));
    if (!bob.closed) {
      const again = await world.call("comms.send", command(n), { session: "eve" });
      expect(storedReceipt(again)).toEqual({ ...storedReceipt(receipt), deduplicated: true });
    }
    if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
    ids.add(receipt.interaction_id);
  }
  expect(ids.size).toBe(done.receipts.size);
  await settle();
  const log = await world.read({ kind: "session", session_id: bob.sessionId });
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, at) => at + 1));
  const byInteraction = new Map<string, string[]>();
  for (const { interaction_id: id, event } of log)
    byInteraction.set(id!, [...(byInteraction.get(id!) ?? []), event.kind]);
  for (const id of ids) expect(byInteraction.has(id)).toBe(true);
  for (const [id, kinds] of byInteraction) {
    expect(kinds.filter((kind) => kind === "interaction_started")).toHaveLength(1);
    expect(kinds[0]).toBe("interaction_started");
    const terminals = kinds.filter(
      (kind) => kind === "interaction_complete" || kind === "interaction_failed",
    );
    expect(terminals.length).toBeLessThanOrEqual(1);
    if (terminals.length === 1) expect(kinds.at(-1)).toBe(terminals[0]);
    if (done.settled.has(id) || bob.closed) expect(terminals).toHaveLength(1);
    const emitted = kinds.filter((kind) => kind === "text_delta").length;
    expect(emitted).toBeLessThanOrEqual(3);
    expect(emitted).toBeGreaterThanOrEqual(done.emitted.get(id) ?? 0);
    const own = await world.read({ kind: "interaction", interaction_id: id });
    expect(own.map(({ sequence }) => sequence)).toEqual(own.map((_, at) => at + 1));
    expect(own.map(({ event }) => event.kind)).toEqual(kinds);
  }
  if (!bob.closed) await finish(world, done);
  // Every answer that ended an interaction without a stream is in the asker's inbox, once.
  await world.call("sessions.open", { name: "eve", ttl_ms: 60_000, lease_token: eveToken });
  const eve = await world.call("sessions.drain", { name: "eve", lease_token: eveToken, max: 64, wait_ms: 0 });
  const answered = eve.interactions.map((item) => (item.kind === "peer_response" ? item.in_reply_to : ""));
  expect(new Set(answered).size).toBe(answered.length);
  const responses = log.filter(({ event }) => event.kind === "peer_response_received");
  for (const { interaction_id: id } of responses) {
    const receipt = [...done.receipts.values()].find(
      (one) => "interaction_id" in one && one.interaction_id === id,
    );
    if (receipt?.kind === "peer_request_sent") expect(answered.includes(id!)).toBe(!receipt.stream_reserved);
  }
  await world.stop();
}

/** After the claims of the dead host ran out, what is left can be worked off to the last. */
async function finish(world: World, done: Acknowledged): Promise<void> {
  world.clock.advance(61_000);
  await world.call("sessions.open", { name: "bob", ttl_ms: 60_000, lease_token: bobToken });
  const drain = { name: "bob", lease_token: bobToken, max: 64, wait_ms: 0 };
  const { claim, interactions } = await world.call("sessions.drain", drain);
  for (const { interaction_id: id } of interactions) {
    expect(done.settled.has(id)).toBe(false);
    await world.call("sessions.settle", {
      name: "bob",
      claim_token: claim!.token,
      interaction_id: id,
      outcome: { kind: "done" },
    });
  }
  for (const receipt of done.receipts.values()) {
    if (receipt.kind !== "peer_request_sent") continue;
    const events = await world.read({ kind: "interaction", interaction_id: receipt.interaction_id });
    expect(["interaction_complete", "interaction_failed"]).toContain(events.at(-1)!.event.kind);
  }
}

async function run(fault: Fault | undefined, close: boolean): Promise<number> {
  const done: Acknowledged = { receipts: new Map(), settled: new Set(), emitted: new Map(), closed: false };
  return runWithFault(
    { work: (world) => work(world, done, close), check: (store, clock) => check(store, clock, done) },
    fault,
  );
}

test("[comms.crash] without a fault all is acknowledged", async () => {
  expect(await run(undefined, false)).toBeGreaterThan(20);
  await run(undefined, true);
});

test.each(faultKinds)(
  "[comms.crash] %s at any write loses nothing acknowledged, doubles nothing, leaves no gap",
  async (kind) => {
    for (const close of [false, true])
      await atEveryWrite(kind, (fault) => run(fault, close)).catch((error: unknown) => {
        throw new Error(`close ${close}`, { cause: error });
      });
  },
);
