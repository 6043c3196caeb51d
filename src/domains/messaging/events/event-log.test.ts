import { describe, expect, test } from "vitest";
import { HeldStore } from "../../../../test/support/held-store.js";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { settle } from "../../../../test/support/simulation.js";
import { World } from "../../../../test/support/world.js";
import type { AgentEvent } from "../../../generated/types.js";
import { derivedId } from "../../../lib/derived-id.js";
import { openMemory } from "../../../storage/memory/open-memory.js";
import { EventLog, type NewEvent } from "./event-log.js";

const interactionId = "0190a000-0000-7000-8000-000000000001";
const turnId = "00000000-0000-7000-8000-000000000000";

const text = (name: string): NewEvent => ({
  id: derivedId("emit", name),
  interactionId,
  event: { kind: "text_delta", turn_id: turnId, delta: name },
});
const end: NewEvent = {
  id: derivedId("end"),
  interactionId,
  event: { kind: "interaction_complete", result: null } satisfies AgentEvent,
};

async function openLog(): Promise<{ store: HeldStore; log: EventLog }> {
  const clock = new SimulatedClock();
  const store = new HeldStore(openMemory({ clock }));
  const log = new EventLog(store.backend, clock, "bob");
  await log.load((id) => id);
  await log.append(() => [text("first")]);
  store.hold(() => true);
  return { store, log };
}

/** Session sequence, interaction sequence and text of all that is stored. */
async function stored({ backend }: HeldStore): Promise<string[]> {
  const entries = await backend.read("events/bob", { fromSeq: 1, limit: 100 });
  return entries.map(({ seq, body }) => {
    const { interaction_sequence: own, event } = JSON.parse(body);
    return `${seq} ${own} ${event.delta ?? event.kind}`;
  });
}

describe("[comms.repeat-in-flight]", () => {
  test("an event that is in flight is not issued again: its repeat waits for it, and the next gets the next position", async () => {
    const { store, log } = await openLog();
    const first = log.append(() => [text("x")]);
    let repeated = false;
    const repeat = log.append(() => [text("x")]).then(() => (repeated = true));
    await settle();
    expect(store.held.map(({ entry }) => entry.id)).toEqual([text("x").id]);
    expect(repeated).toBe(false);
    await store.release();
    await Promise.all([first, repeat]);
    await log.append(() => [text("y")]);
    expect(await stored(store)).toEqual(["1 1 first", "2 2 x", "3 3 y"]);
    expect(log.interaction(interactionId)).toMatchObject({ assigned: 3, published: 3 });
  });

  test("an event that is stored is not issued again", async () => {
    const { store, log } = await openLog();
    await log.append(() => [text("first")]);
    expect(store.held).toEqual([]);
    expect(log.interaction(interactionId)).toMatchObject({ assigned: 1, published: 1 });
  });

  test("a repeated batch writes what its first try did not, once, also side by side", async () => {
    const { store, log } = await openLog();
    const batch = [text("a"), text("b"), text("c")];
    const failed = expect(log.append(() => batch)).rejects.toMatchObject({ code: "full" });
    const [a, b, c] = store.held.splice(0);
    await a!.answer();
    await b!.refuse();
    await c!.answer();
    await failed;
    const repeats = [log.append(() => batch), log.append(() => batch)];
    await settle();
    expect(store.held.map(({ entry }) => entry.id)).toEqual([text("b").id, text("c").id]);
    await store.release();
    await Promise.all(repeats);
    await log.append(() => [end]);
    expect(await stored(store)).toEqual(["1 1 first", "2 2 a", "3 3 b", "4 4 c", "5 5 interaction_complete"]);
  });

  test("a repeat of what then fails fails as well, and a later one writes it", async () => {
    const { store, log } = await openLog();
    const tries = [log.append(() => [text("x")]), log.append(() => [text("x")])];
    const failures = Promise.allSettled(tries);
    await store.held[0]!.refuse();
    await store.release();
    for (const result of await failures) expect(result).toMatchObject({ status: "rejected" });
    await log.append(() => [text("x")]);
    expect(await stored(store)).toEqual(["1 1 first", "2 2 x"]);
  });

  test("an event whose id turns out to be stored at another position counts as written, and the next follows it", async () => {
    const { store, log } = await openLog();
    const other = openLog().then(async (one) => {
      const tries = one.log.append(() => [text("other"), text("x")]);
      await one.store.release();
      await tries;
      return one.store.backend.read("events/bob", { fromSeq: 2, limit: 2 });
    });
    const append = log.append(() => [text("x")]);
    const held = store.held.splice(0);
    store.hold(() => false);
    for (const entry of await other) await store.backend.append("events/bob", entry);
    await held[0]!.answer();
    await append;
    await log.append(() => [text("y")]);
    expect(await stored(store)).toEqual(["1 1 first", "2 2 other", "3 3 x", "4 4 y"]);
  });

  test("a host's emit that is repeated while it is in flight is written once, and readers find no gap", async () => {
    const clock = new SimulatedClock();
    const store = new HeldStore(openMemory({ clock }));
    const world = await World.start({ clock, backend: store.backend });
    const bob = await world.host("bob");
    await world.call("comms.send", { kind: "peer_message", to: "bob", body: "x" });
    const [item] = await bob.drain();
    const { interaction_id: id } = item!;
    await bob.emit(id, "before", "k0");
    store.hold((log) => log.startsWith("events/"));
    const tries = Promise.allSettled([
      bob.emit(id, "x", "k1"),
      bob.emit(id, "x", "k1"),
      bob.emit(id, "x", "k1"),
    ]);
    await settle();
    // The first try fails: whatever waited for it may try again, but not twice at once.
    await store.held.shift()!.refuse();
    await store.release();
    await tries;
    await bob.emit(id, "x", "k1");
    await bob.emit(id, "y", "k2");
    const events = await world.read({ kind: "interaction", interaction_id: id });
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1));
    const texts = events.map(({ event }) => (event.kind === "text_delta" ? event.delta : event.kind));
    expect(texts).toEqual(["interaction_started", "delivery_updated", "before", "x", "y"]);
    await world.stop();
  });
});
