import { describe, expect, test } from "vitest";
import { type Seeded, seeded } from "../kit/seeded.js";
import { check, type Operation, type SequentialModel } from "./check.js";

type Input = { write: number } | "read";
type Access = Operation<Input, number | "written">;

/** A register that begins with 0. */
const register: SequentialModel<number, Input, number | "written"> = {
  initial: 0,
  next(state, { input, output }) {
    if (input !== "read") return [input.write];
    return output === undefined || output === state ? [state] : [];
  },
  key: String,
};

const forever = Number.POSITIVE_INFINITY;
const write = (value: number, invoked: number, returned: number): Access => ({
  input: { write: value },
  output: returned === forever ? undefined : "written",
  invoked,
  returned,
});
const read = (value: number, invoked: number, returned: number): Access => ({
  input: "read",
  output: value,
  invoked,
  returned,
});

const histories: { what: string; good: boolean; history: Access[] }[] = [
  { what: "nothing", good: true, history: [] },
  {
    what: "one after the other",
    good: true,
    history: [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)],
  },
  { what: "a stale read", good: false, history: [write(1, 0, 1), read(0, 2, 3)] },
  {
    what: "a read beside the write sees either",
    good: true,
    history: [write(1, 0, 9), read(0, 1, 2), read(1, 3, 4)],
  },
  {
    what: "a value that goes away again",
    good: false,
    history: [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)],
  },
  { what: "a value from nowhere", good: false, history: [read(3, 0, 1)] },
  {
    what: "a write that nobody heard of is seen later",
    good: true,
    history: [write(1, 0, forever), read(0, 1, 2), read(1, 3, 4)],
  },
  {
    what: "a write that nobody heard of never happened",
    good: true,
    history: [write(1, 0, forever), read(0, 8, 9)],
  },
  {
    what: "a write that nobody heard of is taken back",
    good: false,
    history: [write(1, 0, forever), read(1, 1, 2), read(0, 3, 4)],
  },
  { what: "a read before the write began", good: false, history: [read(1, 0, 1), write(1, 2, forever)] },
  {
    what: "two readers who disagree about the order of two writes",
    good: false,
    history: [write(1, 0, 20), write(2, 0, 20), read(1, 1, 2), read(2, 3, 4), read(1, 5, 6), read(2, 7, 8)],
  },
  {
    what: "two writes and readers who agree",
    good: true,
    history: [write(1, 0, 20), write(2, 0, 20), read(1, 1, 2), read(2, 3, 4), read(2, 5, 6)],
  },
  {
    what: "the newest of three is lost",
    good: false,
    history: [write(1, 0, 1), write(2, 2, 3), write(3, 4, 5), read(2, 6, 7)],
  },
];

describe("[faults.linearizable-checker] the checker knows", () => {
  test.each(histories)("$what", ({ good, history }) => {
    expect(check(history, register).linearizable).toBe(good);
    expect(check([...history].reverse(), register).linearizable).toBe(good);
  });

  test("where an order becomes impossible", () => {
    const stale = read(1, 6, 7);
    const history = [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), stale, read(2, 8, 9)];
    expect(check(history, register).stuckAt).toBe(stale);
  });

  test("a long history of many clients without trying every order", () => {
    const history = lived(seeded(5), { operations: 5_000, clients: 6, lost: 0.002 });
    const verdict = check(history, register);
    expect(verdict.linearizable).toBe(true);
    expect(verdict.visited).toBeLessThan(1_000_000);
  });

  test("the same as trying every order, on 3,000 small histories", () => {
    const random = seeded(7);
    const verdicts = [0, 0];
    for (let round = 0; round < 3_000; round += 1) {
      const history = lived(random, { operations: 6, clients: 3, lost: 0.2 });
      const victim = history[random.between(0, 5)]!;
      if (random.chance(0.7) && typeof victim.output === "number")
        history[history.indexOf(victim)] = { ...victim, output: random.between(0, 5) };
      const expected = everyOrder(history, 0);
      expect(check(history, register).linearizable).toBe(expected);
      verdicts[expected ? 1 : 0]! += 1;
    }
    expect(Math.min(...verdicts)).toBeGreaterThan(300);
  });
});

/** What clients of a true register see: each operation happens at a moment of its own. */
function lived(random: Seeded, size: { operations: number; clients: number; lost: number }): Access[] {
  const free = Array.from({ length: size.clients }, () => 0);
  const made = Array.from({ length: size.operations }, (_, n) => {
    const client = random.between(0, size.clients - 1);
    const invoked = free[client]! + random.next();
    const moment = invoked + random.next() * 3;
    const returned = moment + random.next() * 3;
    free[client] = returned;
    return { input: random.chance(0.5) ? ("read" as const) : { write: n + 1 }, invoked, moment, returned };
  });
  let value = 0;
  const history: Access[] = [];
  for (const { input, invoked, returned } of made.sort((one, other) => one.moment - other.moment)) {
    if (input !== "read") value = input.write;
    const lost = input !== "read" && random.chance(size.lost);
    history.push({
      input,
      invoked,
      output: lost ? undefined : input === "read" ? value : "written",
      returned: lost ? forever : returned,
    });
  }
  return history;
}

function everyOrder(left: readonly Access[], value: number): boolean {
  if (left.every(({ returned }) => returned === forever)) return true;
  return left.some((one) => {
    const others = left.filter((other) => other !== one);
    if (others.some(({ returned }) => returned < one.invoked)) return false;
    return register.next(value, one).some((state) => everyOrder(others, state));
  });
}
