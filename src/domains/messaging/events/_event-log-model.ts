import assert from "node:assert/strict";
import * as fc from "fast-check";
import { HeldStore } from "../../../../test/support/held-store.js";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { settle } from "../../../../test/support/simulation.js";
import type { Backend } from "../../../kernel/backend.js";
import { derivedId } from "../../../lib/derived-id.js";
import { openMemory } from "../../../storage/memory/open-memory.js";
import { EventLog, type NewEvent } from "./event-log.js";

const interactions = ["0190a000-0000-7000-8000-00000000000a", "0190a000-0000-7000-8000-00000000000b"];
const turnId = "00000000-0000-7000-8000-000000000000";

/** A batch of events of one interaction, by number: a few, so that repeats are common. Number 0 ends it. */
interface Append {
  move: "append";
  interaction: number;
  events: number[];
}
/** The disk takes the oldest write, refuses it, or loses its answer after or before it; answers come in any order. */
type Move = Append | { move: "write" | "refuse" | "lose" } | { move: "answer" | "lose written"; at: number };

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        move: fc.constant("append" as const),
        interaction: fc.nat({ max: 1 }),
        events: fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 4, arbitrary: fc.constant({ move: "write" as const }) },
    { weight: 4, arbitrary: fc.record({ move: fc.constant("answer" as const), at: fc.nat({ max: 3 }) }) },
    { weight: 1, arbitrary: fc.constantFrom({ move: "refuse" as const }, { move: "lose" as const }) },
    {
      weight: 1,
      arbitrary: fc.record({ move: fc.constant("lose written" as const), at: fc.nat({ max: 3 }) }),
    },
  ),
  { minLength: 5, maxLength: 60 },
);

function eventOf(interaction: number, n: number): NewEvent {
  const interactionId = interactions[interaction]!;
  return {
    id: derivedId("emit", interactionId, n),
    interactionId,
    event:
      n === 0
        ? { kind: "interaction_complete", result: null }
        : { kind: "text_delta", turn_id: turnId, delta: `${n}` },
  };
}

/** As a host emits: nothing follows the end, and a repeat of what is there is no error. */
async function append(log: EventLog, { interaction, events }: Append): Promise<void> {
  const batch = events.map((n) => eventOf(interaction, n));
  await log.append(() => {
    if (batch.every((event) => log.has(event))) return batch;
    if (log.interaction(interactions[interaction]!).sealed) throw new Error("it has ended");
    // The end comes last.
    return batch.sort(({ event }) => (event.kind === "interaction_complete" ? 1 : -1));
  });
}

async function open(backend: Backend): Promise<EventLog> {
  const log = new EventLog(backend, new SimulatedClock(), "bob");
  await log.load((id) => id);
  return log;
}

/** The disk does one thing to what is in flight, when there is something. */
async function disk({ held }: HeldStore, step: Exclude<Move, Append>): Promise<void> {
  const next = held.findIndex(({ written }) => !written);
  const done = held.filter(({ written }) => written);
  if (step.move === "write") return held[next]?.write();
  const chosen = "at" in step ? done[step.at % Math.max(1, done.length)] : held[next];
  if (chosen === undefined) return;
  held.splice(held.indexOf(chosen), 1);
  if (step.move === "answer") await chosen.answer();
  else if (step.move === "refuse") await chosen.refuse();
  else await chosen.lose();
}

interface Stored {
  interaction: string;
  own: number;
  id: string;
  kind: string;
}

async function read(backend: Backend): Promise<Stored[]> {
  const entries = await backend.read("events/bob", { fromSeq: 1, limit: 1024 });
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    entries.map((_, at) => at + 1),
  );
  return entries.map(({ id, subject, body }) => {
    const { interaction_sequence: own, event } = JSON.parse(body);
    return { interaction: subject, own, id, kind: event.kind };
  });
}

/** What must hold on the disk and in memory when everything has come to rest. */
async function check(inner: Backend, log: EventLog, acknowledged: ReadonlySet<string>): Promise<void> {
  assert.ok(log.quiet);
  const stored = await read(inner);
  const ids = stored.map(({ id }) => id);
  for (const id of acknowledged) assert.ok(ids.includes(id), "an acknowledged event is lost");
  assert.equal(new Set(ids).size, ids.length);
  const again = await open(inner);
  for (const interaction of interactions) {
    const own = stored.filter((one) => one.interaction === interaction);
    assert.deepEqual(
      own.map((one) => one.own),
      own.map((_, at) => at + 1),
    );
    const end = own.findIndex(({ kind }) => kind === "interaction_complete");
    if (end >= 0) assert.equal(end, own.length - 1, "an event follows the end");
    const { assigned, published, sealed, ended } = log.interaction(interaction);
    assert.deepEqual([assigned, published, sealed, ended], [own.length, own.length, end >= 0, end >= 0]);
    assert.equal(again.interaction(interaction).assigned, own.length);
  }
}

/**
 * Runs random sequences of appends, about a fifth of which repeat what is in flight, over a disk that writes, refuses and
 * loses, and answers in any order. Rejects with the first sequence after which an event is missing, doubled or out of order;
 * resolves with the share of appends that repeated one in flight.
 */
export async function checkEventLog(runs: number, seed?: number): Promise<number> {
  let [appends, joined] = [0, 0];
  const property = fc.asyncProperty(moves, async (sequence) => {
    const inner = openMemory({ clock: new SimulatedClock() });
    const store = new HeldStore(inner);
    const log = await open(store.backend);
    store.hold(() => true);
    const acknowledged = new Set<string>();
    const pending: Promise<unknown>[] = [];
    const start = (step: Append): void => {
      const ids = step.events.map((n) => eventOf(step.interaction, n).id);
      appends += 1;
      if (store.held.some(({ entry }) => ids.includes(entry.id))) joined += 1;
      const acknowledge = (): void => {
        for (const id of ids) acknowledged.add(id);
      };
      pending.push(append(log, step).then(acknowledge, () => {}));
    };
    for (const step of sequence) {
      if (step.move === "append") start(step);
      else await disk(store, step);
      await settle(1);
    }
    await store.release();
    // The next event shows what the positions are now.
    for (const interaction of interactions.keys()) start({ move: "append", interaction, events: [9] });
    await Promise.all(pending);
    await check(inner, log, acknowledged);
  });
  await fc.assert(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  return joined / appends;
}
