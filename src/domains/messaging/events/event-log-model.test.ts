import { expect, test } from "vitest";
import { type Mutation, mutatedBundle } from "../../../../test/faults/kit/mutated-bundle.js";
import { checkEventLog } from "./_event-log-model.js";

test("[comms.repeat-in-flight] whatever is repeated in flight and whatever the disk does, each event is stored once, without a gap", {
  timeout: 120_000,
}, async () => {
  // It proves something only when it is met often.
  expect(await checkEventLog(1_000)).toBeGreaterThan(0.1);
});

const revert = "for (const cursor of this.#interactions.values()) cursor.revert();";
const issuedAgain: Mutation[] = [
  { file: "event-log.ts", from: "this.#inFlight.get(event.id)", to: "undefined as Pending | undefined" },
  {
    file: "event-log.ts",
    from: "this.#inFlight.set(id, pending);",
    to: 'this.#inFlight.set(id + " " + record.sequence, pending);',
  },
];
const storedById = "[...stored.values()].includes(record.eventId)";

test.each<{ flaw: string; mutations: Mutation[] }>([
  {
    flaw: "issues an event again while it is in flight, and takes an id as stored wherever it is",
    mutations: [
      ...issuedAgain,
      { file: "event-log.ts", from: "stored.get(record.sequence) === record.eventId", to: storedById },
      {
        file: "event-log.ts",
        from: revert,
        to: `for (const { record } of pending)
          if (!${storedById}) this.#interactions.get(record.interactionId)?.revert();`,
      },
    ],
  },
  {
    flaw: "keeps an interaction's position after a repair",
    mutations: [{ file: "event-log.ts", from: revert, to: "" }],
  },
])("[faults.repeat-in-flight] a log that $flaw is found out", async ({ mutations }) => {
  using bundle = await mutatedBundle(
    { model: "src/domains/messaging/events/_event-log-model.ts" },
    mutations,
  );
  const { checkEventLog: check } = (await import(bundle.path("model"))) as {
    checkEventLog: typeof checkEventLog;
  };
  await expect(check(100, 1)).rejects.toThrow("Property failed");
});
