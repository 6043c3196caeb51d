import { expect, test } from "vitest";
import type { LogEntry } from "../../kernel/backend.js";
import { Recent } from "./recent.js";

const entry = (seq: number): LogEntry => ({ seq, id: `${seq}`, subject: seq % 2 ? "odd" : "even", body: "" });
const entries = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, n) => entry(from + n));

function recent(from: number, to: number): Recent {
  const kept = new Recent();
  for (const one of entries(from, to)) kept.add("a", one);
  return kept;
}

test.each([
  { what: "what follows", inDatabase: entries(3, 4), next: 5, expected: entries(3, 8) },
  { what: "only what a fold has not moved yet", inDatabase: entries(3, 6), next: 7, expected: entries(3, 8) },
  { what: "nothing after a fold of everything", inDatabase: entries(3, 8), next: 9, expected: entries(3, 8) },
])("[storage.fold] a page of the database goes on with $what", ({ inDatabase, next, expected }) => {
  const page = { items: inDatabase, next, more: false };
  expect(recent(5, 8).after("a", page, undefined, 10)).toEqual({ items: expected, next: 9, more: false });
});

test("[storage.fold] a page of the database that has more after it stays as it is", () => {
  const page = { items: entries(1, 2), next: 3, more: true };
  expect(recent(5, 8).after("a", page, undefined, 10)).toBe(page);
});

test("[storage.fold] a page is enough without the database when it begins among the recent entries", () => {
  const kept = recent(5, 8);
  expect(kept.from("a", 4, undefined, 10)).toBeUndefined();
  expect(kept.from("b", 5, undefined, 10)).toBeUndefined();
  expect(kept.from("a", 5, undefined, 2)).toEqual({ items: entries(5, 6), next: 7, more: true });
  expect(kept.from("a", 5, "even", 2)).toEqual({ items: [entry(6), entry(8)], next: 9, more: false });
  expect(kept.from("a", 9, undefined, 2)).toEqual({ items: [], next: 9, more: false });
  expect(kept.from("a", 12, undefined, 2)).toEqual({ items: [], next: 12, more: false });
});

test("[storage.fold] what a store lost is left out, and nothing after it", () => {
  const kept = new Recent();
  for (const seq of [5, 6, 9, 10]) kept.add("a", entry(seq));
  const after = (position: number): number[] =>
    kept.from("a", position, undefined, 10)!.items.map(({ seq }) => seq);
  expect([6, 7, 9, 10, 11].map(after)).toEqual([[6, 9, 10], [9, 10], [9, 10], [10], []]);
});
