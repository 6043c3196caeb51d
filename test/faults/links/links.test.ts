import { describe, expect, test } from "vitest";
import { createValidators } from "../../../src/kernel/validate.js";
import { type Mutation, mutatedBundle } from "../kit/mutated-bundle.js";
import { expectHeld } from "../kit/short-form.js";
import type { life as Life } from "./life.js";
import { faultRun } from "./run.js";

test("[faults.links] links are cut at random and everything comes exactly once", () => expectHeld(faultRun));

// Compiled here: a bundle lies where there are no packages.
const validators = createValidators();

/** Seeds within which a broken program must be found out. */
const within = 12;

describe("[faults.links-self-test] a link that loses or doubles is found out", () => {
  const mutations: Record<string, Mutation | Mutation[]> = {
    "an envelope is acknowledged before it is stored": {
      file: "arrivals.ts",
      from: 'const written = await mailbox.accept(id, entry, encodeFitting(entry, "", reservedBytes));',
      to: "const written = { entry }; clock.after(2_000, () => void mailbox.accept(id, entry));",
    },
    "an envelope that comes again is another one": {
      file: "arrivals.ts",
      from: 'derivedId("link", endpointId, envelope.envelope_id)',
      to: "ids.uuid()",
    },
    // The id of the append and that of the event both keep it from being told twice.
    "a result that comes again is another one": [
      { file: "results.ts", from: 'derivedId("result", resultId)', to: "this.#ports.ids.uuid()" },
      { file: "results.ts", from: "envelope_id: resultId", to: "envelope_id: ids.uuid()" },
    ],
    "what may have been lost is not asked for again": {
      file: "outbox.ts",
      from: 'moves.every(({ state }) => state === "ambiguous")',
      to: "moves.length === 0",
    },
    "a result is acknowledged before it is stored": {
      file: "results.ts",
      from: "await found.mailbox.during(() => this.#note(found, result));",
      to: "this.#ports.clock.after(2_000, () => void found.mailbox.during(() => this.#note(found, result)));",
    },
    "a result that left counts as known": {
      file: "reports.ts",
      from: "const missing = outcomes.filter(({ id }) => !reporting.known.has(id));",
      to: "const missing = outcomes.filter(({ id }) => !reporting.known.has(id) && !reporting.sent.has(id));",
    },
  };
  test.each(Object.entries(mutations))("%s", async (_, mutation) => {
    using bundle = await mutatedBundle({ life: "test/faults/links/life.ts" }, [mutation].flat());
    const { life } = (await import(bundle.path("life"))) as { life: typeof Life };
    const found: string[] = [];
    for (let seed = 1; seed <= within && found.length === 0; seed += 1)
      found.push(...(await life(seed, 25, validators)).violations);
    expect(found).not.toEqual([]);
  });
});
