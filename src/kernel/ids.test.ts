import { expect, test } from "vitest";
import { SimulatedClock } from "../../test/support/simulated-clock.js";
import { systemIds } from "./ids.js";

test("[kernel.ids] ids are UUIDv7, unique and ordered, also within a millisecond and when its counter runs over", () => {
  const clock = new SimulatedClock();
  const ids = systemIds(clock);
  const made: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (let count = 0; count < 6_000; count += 1) {
      made.push(ids.uuid());
    }
    clock.advance(1);
  }
  expect(
    made.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
  ).toBe(true);
  expect(new Set(made).size).toBe(made.length);
  expect(made).toEqual([...made].sort());
  expect(Number.parseInt(made[0]!.replace("-", "").slice(0, 12), 16)).toBe(Date.UTC(2026, 0, 1));
});

test("[kernel.ids] a child ends as its parent does; secrets have the length asked for and differ", () => {
  const ids = systemIds(new SimulatedClock());
  const parent = ids.uuid();
  const child = ids.childOf(parent);
  expect(child.slice(-8)).toBe(parent.slice(-8));
  expect(child).not.toBe(parent);
  const secrets = new Set(Array.from({ length: 1_000 }, () => ids.secret(32)));
  expect(secrets.size).toBe(1_000);
  expect([...secrets].every((secret) => /^[A-Za-z0-9_-]{43}$/.test(secret))).toBe(true);
});
