import { describe, expect, test } from "vitest";
import type { AppendResult, Backend, NewEntry } from "../../../src/kernel/backend.js";
import { createValidators } from "../../../src/kernel/validate.js";
import { methodsOf } from "../../support/held-store.js";
import { type Mutation, mutatedBundle } from "../kit/mutated-bundle.js";
import { expectHeld } from "../kit/short-form.js";
import { faultRun } from "./run.js";
import { simulate } from "./simulate.js";

test("[faults.simulation] clock, scheduler, storage and network in any order", { timeout: 300_000 }, () =>
  expectHeld(faultRun),
);

/** Seeds that once broke, and how. */
const keptSeeds: Record<number, string> = {
  680970646: "an event was issued twice while it was in flight, and its interaction's stream got a gap",
  77000664: "an interaction was forgotten before its dead letter was written",
  727141759:
    "a holder came back while the end of its lease was being stored, and the next start took it for gone",
  730060366: "an inbox left the memory while a claim was being made in it, and the claim was forgotten",
  1300001289: "a holder came back in the very moment in which its lapsed name was asked for",
  702174895: "a holder came back while the name, which it had let lapse, was being given away",
  6238: "a late repeat of a drain gave out what its host had given back meanwhile",
};

test.each(Object.entries(keptSeeds))("[faults.kept-seeds] seed %s holds: %s", async (seed) => {
  // As the world was when it broke, and as it is now.
  for (const repeats of [false, true])
    for (const outages of [false, true])
      expect((await simulate(Number(seed), { moves: { repeats, outages } })).violations).toEqual([]);
});

test("[faults.replay] the same seed gives the same world, step by step, and another seed another", async () => {
  const digests = new Set<string>();
  for (const seed of [1, 2, 3]) {
    const { digest, trace } = await simulate(seed);
    const again = await simulate(seed);
    expect(again.trace.join("\n")).toBe(trace.join("\n"));
    expect(again.digest).toBe(digest);
    digests.add(digest);
  }
  expect(digests.size).toBe(3);
});

/** Seeds within which a broken program must be found out. */
const within = 20;

async function foundOut(spoil: () => (inner: Backend) => Backend): Promise<string[]> {
  for (let seed = 1; seed <= within; seed += 1) {
    const { violations } = await simulate(seed, { spoil: spoil() });
    if (violations.length > 0) return violations;
  }
  return [];
}

describe("[faults.simulation-self-test] a broken program is found out", () => {
  test("one append is confirmed and not stored", async () => {
    const spoil = () => {
      let appends = 0;
      return (inner: Backend): Backend => ({
        ...methodsOf(inner),
        append: async (log, entry) => {
          if (log.startsWith("inbox/")) appends += 1;
          if (appends !== 5 || !log.startsWith("inbox/")) return inner.append(log, entry);
          return { outcome: "committed", seq: (await inner.lastSeq(log)) + 1, duplicate: false };
        },
      });
    };
    expect(await foundOut(spoil)).not.toEqual([]);
  });

  test("a repeat is executed again", async () => {
    const spoil = () => {
      let repeats = 0;
      return (inner: Backend): Backend => ({
        ...methodsOf(inner),
        append: (log, entry) =>
          inner.append(
            log,
            log.startsWith("inbox/")
              ? { ...entry, id: `00000000-0000-7000-8000-${String(repeats++).padStart(12, "0")}` }
              : entry,
          ),
      });
    };
    expect((await foundOut(spoil)).join()).toMatch(/executed as two|got .* after|was forgotten/);
  });

  test("a dead letter is not written", async () => {
    const spoil = () => (inner: Backend) => ({
      ...methodsOf(inner),
      append: async (log: string, entry: NewEntry): Promise<AppendResult> =>
        log.startsWith("dead/")
          ? { outcome: "committed", seq: (await inner.lastSeq(log)) + 1, duplicate: false }
          : inner.append(log, entry),
    });
    expect((await foundOut(spoil)).join()).toMatch(/dead letter .* is lost/);
  });

  test("what expires is not noted", async () => {
    const spoil = () => (inner: Backend) => ({
      ...methodsOf(inner),
      append: (log: string, entry: NewEntry): Promise<AppendResult> =>
        inner.append(log, {
          ...entry,
          body: entry.body.replace('"state":"expired"', '"state":"ingested"'),
        }),
    });
    expect((await foundOut(spoil)).join()).toMatch(/expired without saying so|changed from/);
  });

  test("a sequence is skipped", async () => {
    const spoil = () => {
      let events = 0;
      return (inner: Backend): Backend => ({
        ...methodsOf(inner),
        append: (log, entry) => {
          if (!log.startsWith("events/")) return inner.append(log, entry);
          events += 1;
          const shift = events > 10 ? 1 : 0;
          const body = entry.body.replace(
            /"interaction_sequence":(\d+)/,
            (_, sequence: string) => `"interaction_sequence":${Number(sequence) + shift}`,
          );
          return inner.append(log, { ...entry, body });
        },
      });
    };
    expect((await foundOut(spoil)).join()).toMatch(/ got |lost/);
  });
});

// Compiled here: a bundle lies where there are no packages.
const validators = createValidators();

interface Flaw {
  flaw: Mutation[];
  shows: RegExp;
}

async function expectFoundOut({ flaw, shows }: Flaw): Promise<void> {
  using bundle = await mutatedBundle({ simulate: "test/faults/simulation/simulate.ts" }, flaw);
  const flawed = (await import(bundle.path("simulate"))) as { simulate: typeof simulate };
  const found: string[] = [];
  for (let seed = 1; seed <= within && !shows.test(found.join()); seed += 1)
    found.push(...(await flawed.simulate(seed, { validators })).violations);
  expect(found.join("\n")).toMatch(shows);
}

const repeats: Record<string, Flaw> = {
  "an event in flight is issued again, and an id counts as stored wherever it is": {
    flaw: [
      { file: "event-log.ts", from: "this.#inFlight.get(event.id)", to: "undefined as Pending | undefined" },
      {
        file: "event-log.ts",
        from: "this.#inFlight.set(id, pending);",
        to: 'this.#inFlight.set(id + " " + record.sequence, pending);',
      },
      {
        file: "event-log.ts",
        from: "for (const cursor of this.#interactions.values()) cursor.revert();",
        to: `for (const { record } of pending)
          if (![...stored.values()].includes(record.eventId))
            this.#interactions.get(record.interactionId)?.revert();`,
      },
      {
        file: "event-log.ts",
        from: "stored.get(record.sequence) === record.eventId",
        to: "[...stored.values()].includes(record.eventId)",
      },
    ],
    shows: /a reader of .* got|lost .* for a reader/,
  },
  "an interaction keeps positions that no event has after a repair": {
    flaw: [
      {
        file: "event-log.ts",
        from: "for (const cursor of this.#interactions.values()) cursor.revert();",
        to: "",
      },
    ],
    shows: /a reader of .* got|lost .* for a reader/,
  },
  "a send does not wait for its first try": {
    flaw: [
      {
        file: "send.ts",
        from: "repeats.run(accepted.id, () => accept(accepted, command, parts))",
        to: "accept(accepted, command, parts)",
      },
    ],
    shows: /was accepted, and refused with/,
  },
};

describe("[faults.repeat-in-flight] calls that are repeated in flight find out a program in which", () => {
  test.each(Object.entries(repeats))("%s", (_, flaw) => expectFoundOut(flaw));
});

const outages: Record<string, Flaw> = {
  "an outage is a failure of the work": {
    flaw: [
      { file: "outage.ts", from: "outages.has(error.code)", to: "false" },
      { file: "outage.ts", from: "const limitedTries = 12", to: "const limitedTries = 1" },
    ],
    shows: /was completed, and ended as/,
  },
  "what is emitted is emitted again under another key": {
    flaw: [
      { file: "turn.ts", from: "idempotencyKey: key", to: "idempotencyKey: this.#deps.environment.uuid()" },
    ],
    shows: /emitted .*, and has/,
  },
  "what is emitted in an outage is dropped": {
    flaw: [
      {
        file: "turn-events.ts",
        from: "this.#outage = true;",
        to: "this.#outage = true; this.#queue = [];",
      },
    ],
    shows: /emitted .*, and has/,
  },
};

describe("[faults.simulation-outages] a host over outages finds out a program in which", () => {
  test.each(Object.entries(outages))("%s", (_, flaw) => expectFoundOut(flaw));
});
