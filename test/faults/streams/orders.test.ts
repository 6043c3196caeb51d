import { describe, expect, test } from "vitest";
import { mutatedBundle } from "../kit/mutated-bundle.js";
import { explore } from "./explore.js";
import { type Move, moves, type Rule, story, table, ttlMs } from "./model.js";

describe("[comms.reservation-orders] whatever order the moves come in, the daemon answers as the table says and nothing is left", () => {
  test("every order of three of all moves", { timeout: 120_000 }, async () => {
    const { broken, sequences } = await explore({ depth: 3 });
    expect(broken).toBeUndefined();
    expect(sequences).toBe(moves.length * (moves.length - 1) * (moves.length - 2));
  });

  test("every order of five of one reader's story", { timeout: 240_000 }, async () => {
    const { broken, sequences } = await explore({ depth: 5, from: story, times: { close: 2 }, merge: true });
    expect(broken).toBeUndefined();
    expect(sequences).toBeGreaterThan(1_000);
  });

  test("every order of five in which the command is cancelled", { timeout: 240_000 }, async () => {
    const from: readonly Move[] = [
      "attach one",
      "resume",
      "progress",
      "cancel",
      "terminal",
      "read all",
      "drop",
      "crash",
    ];
    const { broken, sequences } = await explore({ depth: 5, from, times: { "read all": 2 }, merge: true });
    expect(broken).toBeUndefined();
    expect(sequences).toBeGreaterThan(1_000);
  });

  test("every order of four of what its recipient's policy holds", { timeout: 240_000 }, async () => {
    const from: readonly Move[] = [
      "attach one",
      "attach two",
      "release",
      "refuse",
      "cancel",
      "read all",
      "drop",
      "crash",
    ];
    const times = { release: 2, refuse: 2, "read all": 2 };
    const { broken, sequences } = await explore({ depth: 4, from, times, held: true, merge: true });
    expect(broken).toBeUndefined();
    expect(sequences).toBeGreaterThan(500);
  });

  test("every order of four in which calls come again while the first try is in flight", {
    timeout: 240_000,
  }, async () => {
    const from: readonly Move[] = [
      "attach one",
      "progress in flight again",
      "terminal in flight again",
      "cancel in flight again",
      "terminal",
      "read all",
      "drop",
      "crash",
    ];
    const times = { "progress in flight again": 2, "read all": 2 };
    const { broken, sequences } = await explore({ depth: 4, from, times, merge: true });
    expect(broken).toBeUndefined();
    expect(sequences).toBeGreaterThan(500);
  });

  test("every order of five in which the command's own time ends", { timeout: 240_000 }, async () => {
    const from: readonly Move[] = [
      "attach one",
      "drop",
      "part of the time",
      "time is over",
      "timer fires",
      "read all",
      "restart",
    ];
    const times = { "part of the time": 2, "read all": 2 };
    const { broken, sequences } = await explore({ depth: 5, from, times, merge: true, waitMs: 1_500 });
    expect(broken).toBeUndefined();
    expect(sequences).toBeGreaterThan(500);
  });
});

/** For each rule the moves by which a daemon without it shows. */
const tells: Record<Rule, readonly Move[]> = {
  "the terminal event before a reader comes leaves the reservation": ["terminal", "attach one"],
  "an attach after the time says stream_timeout and ends it": ["time is over", "attach one"],
  "the timer ends it once its time has come": ["time is over", "timer fires"],
  "a second attach is refused": ["attach one", "attach two"],
  "a resume takes the stream over": ["attach one", "resume"],
  "a close is for good": ["attach one", "close"],
  "only the connection that opened may close": ["attach one", "close elsewhere"],
  "a close may be repeated": ["attach one", "close"],
  "a drop gives it back": ["attach one", "drop"],
  "a drop gives it a fresh time": ["attach one", "drop", "part of the time"],
  "it is completed when the terminal event was delivered, not when it was written": [
    "attach one",
    "terminal",
  ],
  "an end state refuses every attach": ["attach one", "close"],
  "a start gives an attached one back": ["attach one", "restart"],
  "an end state outlives a start": ["attach one", "close", "crash"],
  "a word of a superseded stream changes nothing": ["attach one", "resume", "drop older"],
  "a cancel ends what nobody has": ["attach one", "cancel"],
  "a command that has waited long enough ends": ["attach one", "part of the time"],
};

describe("[comms.reservation-orders-self-test] a table with one rule changed is found out", () => {
  test.each(Object.keys(table) as Rule[])("%s", async (rule) => {
    const from = tells[rule];
    const times = Object.fromEntries(from.map((move) => [move, 2]));
    const waitMs = rule.startsWith("a command") ? ttlMs : Number.POSITIVE_INFINITY;
    expect((await explore({ depth: 4, from, times, rule, waitMs })).broken).toMatch(/expected/);
    expect((await explore({ depth: 4, from, times, waitMs })).broken).toBeUndefined();
  });
});

test.each([
  {
    what: "does not find the receipt of an answer that ended its interaction",
    flaw: {
      file: "answer.ts",
      from: 'return accepted.receiptOfRepeat(mailbox, new ContractError("interaction_ended"));',
      to: 'throw new ContractError("interaction_ended");',
    },
    move: "terminal in flight again" as const,
  },
  {
    what: "does not find the receipt of a cancel that ended its interaction",
    flaw: {
      file: "cancel.ts",
      from: 'return accepted.receiptOfRepeat(mailbox, new ContractError("interaction_ended"));',
      to: 'throw new ContractError("interaction_ended");',
    },
    move: "cancel in flight again" as const,
  },
])("[faults.repeat-in-flight] a daemon that $what is found out", async ({ flaw, move }) => {
  using bundle = await mutatedBundle({ explore: "test/faults/streams/explore.ts" }, [flaw]);
  const flawed = (await import(bundle.path("explore"))) as { explore: typeof explore };
  const { broken } = await flawed.explore({ depth: 2, from: ["attach one", move] });
  expect(broken).toMatch(/then "refused interaction_ended"/);
});
