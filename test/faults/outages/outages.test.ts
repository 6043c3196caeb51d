import { describe, expect, test } from "vitest";
import type { CommsStreamEvent } from "../../../sdks/typescript/src/index.js";
import { mutatedBundle } from "../kit/mutated-bundle.js";
import { seeded } from "../kit/seeded.js";
import { expectHeld } from "../kit/short-form.js";
import { builtPrograms } from "./hosts.js";
import { judge, runsOf } from "./judge.js";
import { life } from "./life.js";
import { faultRun } from "./run.js";
import { bodyOf, textOf, workOf } from "./work.js";

test("[faults.outages] kill -9, stop and restart under 20 busy hosts", { timeout: 300_000 }, () =>
  expectHeld(faultRun),
);

describe("[faults.outages-self-test] the run is red", () => {
  test("when a host takes an outage for a failure of the work", { timeout: 120_000 }, async () => {
    const mutations = [
      { from: "outages.has(error.code)", to: "false" },
      { from: "const limitedTries = 12", to: "const limitedTries = 1" },
    ].map((mutation) => ({ file: "outage.ts", ...mutation }));
    using bundle = await mutatedBundle({ hosts: "test/faults/outages/hosts-child.ts" }, mutations);
    const { broken } = await life({
      cycles: 1,
      random: seeded(3),
      moves: [{ kind: "kill", ms: 4_000 }],
      longestWorkMs: 3_000,
      patienceMs: 8_000,
      crew: { exec: 0, typescript: 4, python: 0 },
      programs: { ...builtPrograms, sdk: bundle.path("hosts") },
    });
    expect(broken.join("\n")).toMatch(
      /its work was completed, and lost|begun again|failed for good|0 terminal events|ended with/,
    );
  });

  const work = { pieces: 3, pauseMs: 1, bytes: 2 };
  const asked = { interactionId: "i", to: "host", work };
  const once = [{ id: "r", attempt: 1, completed: true }];
  const kinds = (...events: object[]): CommsStreamEvent[] =>
    events.map((event, at) => ({ sequence: at + 1, event }) as unknown as CommsStreamEvent);
  const text = (delta: string) => ({ kind: "text_delta", delta });
  const complete = { kind: "interaction_complete" };
  const failed = (retryable: boolean) => ({
    kind: "interaction_failed",
    reason: { code: "executor_error", message: "m", retryable },
  });
  const good = kinds(text("1;xx2;xx"), text("3;xx"), complete);

  test("not for a request that was done once", () => {
    expect(judge(asked, once, good)).toEqual([]);
    expect(judge(asked, [{ id: "r", attempt: 1, completed: false }], kinds(failed(true)))).toEqual([]);
  });

  test.each([
    ["no terminal event", once, kinds(text("1;xx2;xx3;xx")), /0 terminal events/],
    ["two terminal events", once, kinds(text("1;xx2;xx3;xx"), complete, complete), /2 terminal events/],
    ["an event after the end", once, kinds(complete, text("1;xx2;xx3;xx")), /follows its terminal/],
    ["a lost event", once, kinds(text("1;xx"), text("3;xx"), complete), /its text is/],
    ["a doubled event", once, kinds(text("1;xx2;xx2;xx3;xx"), complete), /its text is/],
    ["events out of order", once, kinds(text("2;xx1;xx3;xx"), complete), /its text is/],
    ["a gap in the log", once, good.slice(1), /position 1 holds 2/],
    ["completed work that failed", once, kinds(failed(true)), /completed, and lost/],
    ["work that failed for good", [], kinds(failed(false)), /failed for good/],
    ["an end without the work", [], good, /its work is not/],
    [
      "work that was begun twice unreported",
      [...once, { id: "s", attempt: 1, completed: false }],
      good,
      /begun twice/,
    ],
    ["work that was begun again", [...once, { id: "s", attempt: 2, completed: true }], good, /begun again/],
  ])("for %s", (_, runs, events, sees) => {
    expect(judge(asked, runs, events).join("\n")).toMatch(sees);
  });

  test("a ledger is read as hosts write it, and work as a shell reads it", () => {
    const ledger = "start i 1 a\nstart j 1 b\ndone i 1 a\nstart i 2 c\n";
    expect([...runsOf(ledger)]).toEqual([
      [
        "i",
        [
          { id: "a", attempt: 1, completed: true },
          { id: "c", attempt: 2, completed: false },
        ],
      ],
      ["j", [{ id: "b", attempt: 1, completed: false }]],
    ]);
    expect(workOf(bodyOf(work))).toEqual(work);
    expect(textOf(work)).toBe("1;xx2;xx3;xx");
  });
});
