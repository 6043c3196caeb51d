import { describe, expect, test } from "vitest";
import { explore } from "./explore.js";
import { type Move, moves, type Rule, table } from "./model.js";

/** What one reader and its end come to, and what takes it away from them. */
const story: readonly Move[] = [
  "attach one",
  "attach two",
  "resume",
  "close",
  "read all",
  "drop",
  "terminal",
  "time is over",
  "timer fires",
  "restart",
];

describe("[comms.reservation-orders] whatever order the moves come in, the daemon answers as the table says and nothing is left", () => {
  test("every order of three of all moves", { timeout: 120_000 }, async () => {
    const { broken, sequences } = await explore({ depth: 3 });
    expect(broken).toBeUndefined();
    expect(sequences).toBe(moves.length * (moves.length - 1) * (moves.length - 2));
  });

  test("every order of six of one reader's story", { timeout: 240_000 }, async () => {
    const { broken, sequences } = await explore({ depth: 6, from: story, times: { close: 2 }, merge: true });
    expect(broken).toBeUndefined();
    expect(sequences).toBeGreaterThan(1_000);
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
};

describe("[comms.reservation-orders-self-test] a table with one rule changed is found out", () => {
  test.each(Object.keys(table) as Rule[])("%s", async (rule) => {
    const from = tells[rule];
    const times = Object.fromEntries(from.map((move) => [move, 2]));
    expect((await explore({ depth: 4, from, times, rule })).broken).toMatch(/expected/);
    expect((await explore({ depth: 4, from, times })).broken).toBeUndefined();
  });
});
