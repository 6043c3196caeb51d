import { expect, test } from "vitest";
import { nearest } from "./nearest.js";

test.each([
  ["planer", "planner"],
  ["palnner", "planner"],
  ["Echo", "echo"],
  ["reviewer", undefined],
  ["ec", undefined],
  ["", undefined],
])("[cli.next-step] %s is like %s", (word, name) => {
  expect(nearest(word, ["planner", "echo"])).toBe(name);
});
