import { describe, expect, test } from "vitest";
import { expectHeld } from "../kit/short-form.js";
import { check, type Operation } from "./check.js";
import { type LeaseInput, type LeaseOutput, leaseModel } from "./lease-model.js";
import { type OfLife, overLives } from "./lives.js";
import { type ReservationInput, type ReservationOutput, reservationModel } from "./reservation-model.js";
import { faultRun, type HistoriesOptions, runHistories } from "./run.js";

test("[faults.linearizable] leases and reservations over kills have an order", { timeout: 240_000 }, () =>
  expectHeld(faultRun),
);

const lies: Record<string, HistoriesOptions["lie"]> = {
  "a fence that was given before": (output, random) =>
    typeof output === "object" && random.chance(0.3) ? { held: 1 } : output,
  "a holder of before that may go on": (output, random) =>
    output === "fence_stale" && random.chance(0.2) ? "done" : output,
  "a second reader": (output, random) =>
    output === "already_attached" && random.chance(0.2) ? "opened" : output,
  "a reader after the end": (output, random) =>
    output === "not_reserved" && random.chance(0.3) ? "opened" : output,
};

describe("[faults.linearizable-sees] the run is red after", () => {
  test.each(Object.entries(lies))("%s", { timeout: 120_000 }, async (_, lie) => {
    const { broken } = await runHistories({ cycles: 1, seed: 3, operations: 1_200, kills: 0, lie: lie! });
    expect(broken.join("\n")).toMatch(/no place for/);
  });
});

const forever = Number.POSITIVE_INFINITY;
const at = <Input, Output>(
  input: Input,
  output: Output,
  invoked: number,
  returned: number,
  life = 0,
): Operation<OfLife<Input>, Output> => ({ input: { life, input }, output, invoked, returned });
const lost = <Input>(input: Input, invoked: number): Operation<OfLife<Input>, never> => ({
  input: { life: 0, input },
  output: undefined,
  invoked,
  returned: forever,
});
const restart = (invoked: number, returned: number): Operation<"restart", "done"> => ({
  input: "restart",
  output: "done",
  invoked,
  returned,
});

describe("[faults.linearizable-models] what a name's holders may see", () => {
  type Step = Operation<OfLife<LeaseInput>, LeaseOutput>;
  const open = (token: string, ttlMs: number): LeaseInput => ({ kind: "open", token, ttlMs });
  const cases: { what: string; good: boolean; history: Step[] }[] = [
    {
      what: "a lease that ran out is taken with a higher fence",
      good: true,
      history: [at(open("a", 100), { held: 1 }, 0, 1), at(open("b", 100), { held: 2 }, 150, 151)],
    },
    {
      what: "a lease that lives is taken",
      good: false,
      history: [at(open("a", 100), { held: 1 }, 0, 1), at(open("b", 100), { held: 2 }, 50, 51)],
    },
    {
      what: "a fence is given twice",
      good: false,
      history: [at(open("a", 100), { held: 1 }, 0, 1), at(open("b", 100), { held: 1 }, 150, 151)],
    },
    {
      what: "the holder of before asks for work",
      good: false,
      history: [
        at(open("a", 100), { held: 1 }, 0, 1),
        at(open("b", 100), { held: 2 }, 150, 151),
        at({ kind: "drain", token: "a" }, "done", 160, 161),
      ],
    },
    {
      what: "an open that nobody heard of was one",
      good: true,
      history: [lost(open("a", 100), 0), at(open("b", 100), "session_name_taken", 50, 51)],
    },
    {
      what: "an open of a life before happens after the kill",
      good: false,
      history: [
        lost(open("a", 100), 0),
        restart(10, 20),
        at(open("b", 0), { held: 1 }, 30, 31, 1),
        at(open("c", 0), "session_name_taken", 40, 41, 1),
      ],
    },
    {
      what: "a holder that let go is forgotten by a kill",
      good: false,
      history: [
        at(open("a", 0), { held: 5 }, 0, 1),
        restart(10, 20),
        at(open("b", 0), { held: 3 }, 30, 31, 1),
      ],
    },
  ];
  test.each(cases)("$what", ({ good, history }) => {
    expect(check(history, overLives(leaseModel(2))).linearizable).toBe(good);
  });
});

describe("[faults.linearizable-models] what an interaction's readers may see", () => {
  type Step = Operation<OfLife<ReservationInput>, ReservationOutput>;
  const attach = (stream: string, resumeOf?: string): ReservationInput => ({
    kind: "attach",
    stream,
    connection: `of ${stream}`,
    resumeOf,
  });
  const cases: { what: string; good: boolean; history: Step[] }[] = [
    {
      what: "two readers at once",
      good: false,
      history: [at(attach("s1"), "opened", 0, 1), at(attach("s2"), "opened", 2, 3)],
    },
    {
      what: "one after the other was dropped",
      good: true,
      history: [
        at(attach("s1"), "opened", 0, 1),
        lost({ kind: "drop", connection: "of s1" }, 2),
        at(attach("s2"), "opened", 3, 4),
      ],
    },
    {
      what: "a close that a kill undid",
      good: false,
      history: [
        at(attach("s1"), "opened", 0, 1),
        at({ kind: "close", stream: "s1" }, "closed", 2, 3),
        restart(10, 20),
        at(attach("s2"), "opened", 30, 31, 1),
      ],
    },
    {
      what: "a reader that a kill cut off, and its next",
      good: true,
      history: [at(attach("s1"), "opened", 0, 1), restart(10, 20), at(attach("s2"), "opened", 30, 31, 1)],
    },
    {
      what: "an end before the time is over",
      good: false,
      history: [at(attach(""), "stream_timeout", 50, 51)],
    },
    {
      what: "an attach after the time",
      good: false,
      history: [at(attach("s1"), "opened", 150, 151)],
    },
    {
      what: "a completed one that is closed again",
      good: false,
      history: [
        at(attach("s1"), "opened", 0, 1),
        at({ kind: "delivered", stream: "s1" }, "done", 1, 2),
        at({ kind: "close", stream: "s1" }, "closed", 3, 4),
      ],
    },
  ];
  test.each(cases)("$what", ({ good, history }) => {
    const model = overLives(reservationModel({ made: { from: 0, by: 0 }, ttlMs: 100 }));
    expect(check(history, model).linearizable).toBe(good);
  });
});
