import { expect, test } from "vitest";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { type Fault, FaultyBackend, settle } from "../../../../test/support/simulation.js";
import { World } from "../../../../test/support/world.js";
import type { Backend } from "../../../kernel/backend.js";
import { openMemory } from "../../../storage/memory/open-memory.js";

const token = "token-of-bob-the-host";
const hold = { peer_request: "hold" } as const;
const letter = (interaction_id: string) => ({ name: "bob", interaction_id });

/** What was acknowledged before the end. */
interface Acknowledged {
  accepted: Set<string>;
  released: Map<string, "deliver" | "refuse">;
  retried: Map<string, string>;
  dropped: Set<string>;
  cancelled: Set<string>;
  /** Somebody began to cancel them. */
  cancelling: Set<string>;
  /** Letters that somebody began to take off the list. */
  touched: Set<string>;
}

async function send(world: World, done: Acknowledged, key: string, ttl_ms?: number): Promise<string> {
  const receipt = await world.call(
    "comms.send",
    {
      kind: "peer_request",
      to: "bob",
      intent: "ask",
      params: key,
      stream: "none",
      options: { idempotency_key: key, ...(ttl_ms === undefined ? {} : { ttl_ms }) },
    },
    { session: "eve" },
  );
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  done.accepted.add(receipt.interaction_id);
  return receipt.interaction_id;
}

/** Something expires, is held and released, is refused, given up, retried and dropped. */
async function work(world: World, done: Acknowledged): Promise<void> {
  const open = { name: "bob", ttl_ms: 86_400_000, lease_token: token };
  await world.call("sessions.open", open);
  await Promise.all([send(world, done, "short", 5_000), send(world, done, "shorter", 4_000)]);
  const dead = await send(world, done, "given up");
  world.clock.advance(5_000);
  await settle();
  const { claim } = await world.call("sessions.drain", { ...open, max: 8, wait_ms: 0 });
  if (claim !== undefined)
    await world.call("sessions.settle", {
      ...letter(dead),
      claim_token: claim.token,
      outcome: { kind: "dead", code: "executor_error", message: "broken", retryable: true },
    });
  const waiting = await send(world, done, "waiting");
  done.cancelling.add(waiting);
  const request = { to: "bob", intent: "comms.cancel", params: { interaction_id: waiting } } as const;
  await world.call("comms.send", { kind: "peer_request", ...request, stream: "none" }, { session: "eve" });
  done.cancelled.add(waiting);
  await world.call("sessions.open", { ...open, inbound_policy: hold });
  const held = await Promise.all(["one", "two", "three"].map((key) => send(world, done, key, 10_000)));
  for (const [at, decision] of (["deliver", "refuse"] as const).entries()) {
    await world.call("sessions.release_held", { ...letter(held[at]!), decision });
    done.released.set(held[at]!, decision);
  }
  world.clock.advance(10_000);
  await settle();
  const { dead_letters: listed } = await world.call("sessions.list_dead_letters", { name: "bob", limit: 50 });
  const [first, second] = listed;
  done.touched.add(first!.interaction_id);
  const { interaction_id: id } = await world.call(
    "sessions.retry_dead_letter",
    letter(first!.interaction_id),
  );
  done.retried.set(first!.interaction_id, id);
  done.touched.add(second!.interaction_id);
  await world.call("sessions.drop_dead_letter", letter(second!.interaction_id));
  done.dropped.add(second!.interaction_id);
}

/** What must hold on a store after any crash, once a daemon has started on it again. */
async function check(backend: Backend, clock: SimulatedClock, done: Acknowledged): Promise<void> {
  const world = await World.start({ backend, clock, seed: "after" });
  await settle();
  clock.advance(10_000);
  await settle();
  const bob = world.sessions.directory.byName("bob");
  if (bob === undefined) return world.stop();
  const log = await world.read({ kind: "session", session_id: bob.sessionId });
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, at) => at + 1));
  const told = new Map<string, string[]>();
  for (const { interaction_id: id, event } of log) {
    const what =
      event.kind === "delivery_updated"
        ? event.state
        : event.kind === "interaction_failed"
          ? event.reason.code
          : event.kind;
    told.set(id!, [...(told.get(id!) ?? []), what]);
  }
  const { dead_letters: listed } = await world.call("sessions.list_dead_letters", { name: "bob", limit: 50 });
  const letters = new Set(listed.map(({ interaction_id: id }) => id));
  expect(letters.size).toBe(listed.length);
  const lives = new Set([
    "interaction_started",
    "interaction_started delivered",
    "interaction_started refused rejected",
    "interaction_started expired expired",
    "interaction_started delivered expired expired",
    "interaction_started dead executor_error",
    "interaction_started dead cancelled",
    "interaction_started ingested interaction_complete",
  ]);
  for (const [id, events] of told) {
    expect(lives).toContain(events.join(" "));
    // What failed is on the list unless somebody took it off; what lives is not.
    const ended = ["expired", "rejected", "executor_error"].includes(events.at(-1)!);
    if (done.cancelled.has(id)) expect(events.at(-1)).toBe("cancelled");
    else if (!done.cancelling.has(id)) expect(events).not.toContain("cancelled");
    if (done.dropped.has(id) || done.retried.has(id)) expect(letters).not.toContain(id);
    else if (!done.touched.has(id)) expect(letters.has(id)).toBe(ended);
    const decision = done.released.get(id);
    if (decision !== undefined) expect(events[1]).toBe(decision === "deliver" ? "delivered" : "refused");
  }
  for (const id of done.accepted) expect([...told.keys()]).toContain(id);
  // Every dead letter can be worked off: a retry waits for the host, and a repeat finds the same.
  for (const [id, retried] of done.retried)
    expect(await world.call("sessions.retry_dead_letter", letter(id))).toMatchObject({
      interaction_id: retried,
      already_retried: true,
    });
  const again = new Set<string>();
  for (const { interaction_id: id } of listed) {
    const retry = await world.call("sessions.retry_dead_letter", letter(id));
    expect(await world.call("sessions.retry_dead_letter", letter(id))).toEqual({
      ...retry,
      already_retried: true,
    });
    again.add(retry.interaction_id);
  }
  expect(again.size).toBe(listed.length);
  await world.call("sessions.open", { name: "bob", ttl_ms: 86_400_000, lease_token: token });
  clock.advance(60_000);
  const { interactions } = await world.call("sessions.drain", {
    name: "bob",
    lease_token: token,
    max: 64,
    wait_ms: 0,
  });
  const offered = interactions.map((item) => item.retry_of).filter((id) => id !== undefined);
  expect(new Set(offered).size).toBe(offered.length);
  await world.stop();
}

async function run(fault?: Fault): Promise<number> {
  const clock = new SimulatedClock();
  const store = openMemory({ clock });
  const faulty = new FaultyBackend(store, fault);
  const done: Acknowledged = {
    accepted: new Set(),
    released: new Map(),
    retried: new Map(),
    dropped: new Set(),
    cancelled: new Set(),
    cancelling: new Set(),
    touched: new Set(),
  };
  const world = await World.start({ backend: faulty.backend, clock, seed: "before" });
  await Promise.race([work(world, done).catch(() => {}), faulty.halted]);
  await settle();
  world.comms.close().catch(() => {});
  await check(store, clock, done);
  if (fault === undefined) {
    expect(done.released.size).toBe(2);
    expect(done.dropped.size).toBe(1);
  }
  return faulty.writes;
}

test.each(["halt", "halt_after", "error", "unknown", "unknown_stored"] as const)(
  "[comms.delivery-crash] %s at any write: each delivery moves once, no letter is lost or doubled",
  async (kind) => {
    const writes = await run();
    expect(writes).toBeGreaterThan(20);
    for (let atWrite = 1; atWrite <= writes; atWrite += 1)
      await run({ kind, atWrite }).catch((error: unknown) => {
        throw new Error(`with ${kind} at write ${atWrite} of ${writes}`, { cause: error });
      });
  },
);
