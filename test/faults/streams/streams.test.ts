import { describe, expect, test } from "vitest";
import type { FaultRun } from "../kit/fault-run.js";
import { type Mutation, mutatedBundle } from "../kit/mutated-bundle.js";
import { expectHeld } from "../kit/short-form.js";
import { faultRun } from "./run.js";

test("[faults.streams] readers race with the end, with time and with one another", { timeout: 240_000 }, () =>
  expectHeld(faultRun),
);

const flaws: Record<string, { flaw: Mutation; shows: RegExp }> = {
  "a second reader is let in": {
    flaw: { file: "reservation.ts", from: "event.resumeOf !== current.streamId", to: "false" },
    shows: /no order of/,
  },
  "a lost reader ends the reservation": {
    flaw: {
      file: "reservation.ts",
      from: "return { next: reserve(event.now, ttlMs), ended: false };",
      to: 'return { next: { state: "expired" }, ended: true };',
    },
    shows: /no order of/,
  },
  "a reservation never runs out for a late reader": {
    flaw: { file: "reservation.ts", from: "if (event.now >= current.until)", to: "if (false)" },
    shows: /no order of/,
  },
  "a reader that resumes misses an event": {
    flaw: {
      file: "log-source.ts",
      from: "interactionSequence > position)",
      to: "interactionSequence > position + 1)",
    },
    shows: /a reader at \d+ got/,
  },
  "an answer that comes again in flight is refused": {
    flaw: {
      file: "answer.ts",
      from: 'return accepted.receiptOfRepeat(mailbox, new ContractError("interaction_ended"));',
      to: 'throw new ContractError("interaction_ended");',
    },
    shows: /an answer that came again got/,
  },
  "a stream that ended goes on listening": {
    flaw: { file: "log-stream.ts", from: "this.#options.source.listeners.delete(this.#notice);", to: "" },
    shows: /listeners are left/,
  },
};

describe("[faults.streams-sees] [faults.repeat-in-flight] the run is red when", () => {
  test.each(Object.entries(flaws))("%s", async (_, { flaw, shows }) => {
    using bundle = await mutatedBundle({ run: "test/faults/streams/run.ts" }, [flaw]);
    const { faultRun: flawed } = (await import(bundle.path("run"))) as { faultRun: FaultRun };
    const { broken } = await flawed.run({ cycles: 6_000, seed: 5, brief: true });
    expect(broken.join("\n")).toMatch(shows);
  });
});
