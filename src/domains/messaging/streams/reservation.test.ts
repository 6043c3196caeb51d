import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { moveReservation, type Reservation, type ReservationEvent, reserve } from "./reservation.js";

const ttl = 30_000;
const reserved = reserve(0, ttl);
const attached: Reservation = { state: "attached", streamId: "s1" };
const ends = ["completed", "expired", "closed_early"] as const;

describe("[comms.reservation] [seed003.m4] the table", () => {
  const cases: [string, Reservation, ReservationEvent, string, object][] = [
    [
      "attach in time",
      reserved,
      { kind: "attach", streamId: "s1", now: 29_999 },
      "attached",
      { ended: false },
    ],
    [
      "attach too late",
      reserved,
      { kind: "attach", streamId: "s1", now: ttl },
      "expired",
      { ended: true, error: "stream_timeout" },
    ],
    ["time is over", reserved, { kind: "timeout", now: ttl }, "expired", { ended: true }],
    ["a timer of an older life", reserved, { kind: "timeout", now: 1 }, "reserved", { ended: false }],
    ["close without stream", reserved, { kind: "close", streamId: "s1" }, "reserved", { ended: false }],
    [
      "second attach",
      attached,
      { kind: "attach", streamId: "s2", now: 1 },
      "attached",
      { error: "already_attached" },
    ],
    [
      "resume",
      attached,
      { kind: "attach", streamId: "s2", now: 1, resumeOf: "s1" },
      "attached",
      { superseded: "s1" },
    ],
    ["terminal delivered", attached, { kind: "delivered", streamId: "s1" }, "completed", { ended: true }],
    ["explicit close", attached, { kind: "close", streamId: "s1" }, "closed_early", { ended: true }],
    ["connection drop", attached, { kind: "drop", streamId: "s1", now: 5 }, "reserved", { ended: false }],
    [
      "drop of a superseded stream",
      attached,
      { kind: "drop", streamId: "s0", now: 5 },
      "attached",
      { ended: false },
    ],
    ...ends.map((state): [string, Reservation, ReservationEvent, string, object] => [
      `attach after ${state}`,
      { state },
      { kind: "attach", streamId: "s9", now: 1 },
      state,
      { error: "not_reserved", ended: false },
    ]),
  ];
  test.each(cases)("%s", (_, current, event, state, rest) => {
    const move = moveReservation(current, event, ttl);
    expect(move).toMatchObject(rest);
    expect(move.next.state).toBe(state);
  });

  test("a drop gives a fresh time", () => {
    const { next } = moveReservation(attached, { kind: "drop", streamId: "s1", now: 100_000 }, ttl);
    expect(next).toEqual({ state: "reserved", until: 130_000 });
  });
});

test("[comms.reservation-races] [seed003.m4] in every interleaving one end state is reached at most once and stays", () => {
  const streamId = fc.constantFrom("s1", "s2", "s3");
  const event = fc.oneof(
    fc.record({
      kind: fc.constant("attach" as const),
      streamId,
      resumeOf: fc.option(streamId, { nil: undefined }),
    }),
    fc.record({ kind: fc.constantFrom("delivered" as const, "close" as const, "drop" as const), streamId }),
    fc.record({ kind: fc.constant("timeout" as const) }),
  );
  const steps = fc.array(fc.tuple(fc.nat({ max: 40_000 }), event), { maxLength: 40 });
  void fc.assert(
    fc.property(steps, (moves) => {
      let now = 0;
      let current: Reservation = reserve(0, ttl);
      let endings = 0;
      let reader: string | undefined;
      for (const [wait, step] of moves) {
        now += wait;
        const before: Reservation = current;
        const move = moveReservation(current, { ...step, now } as ReservationEvent, ttl);
        current = move.next;
        if (move.ended) endings += 1;
        if (ends.includes(before.state as never)) expect(current).toEqual(before);
        if (step.kind === "attach" && move.error === undefined) {
          // Never two readers: the one before is gone or gives way by name.
          expect(move.superseded).toBe(reader);
          reader = step.streamId;
        }
        if (current.state !== "attached") reader = undefined;
        expect(endings).toBe(ends.includes(current.state as never) ? 1 : 0);
      }
    }),
    { numRuns: 5_000 },
  );
});
