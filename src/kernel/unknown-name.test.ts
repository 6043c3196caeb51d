import { expect, test } from "vitest";
import { freeName, unknownName } from "./unknown-name.js";

test("[errors.refused-names] an unknown name is shown with the one that is like it", () => {
  const names = (): string[] => ["echo", "planner"];
  expect(unknownName("peer_not_found", "plannr", names).message).toBe(
    "No peer is called plannr; did you mean planner? `parley peers` lists those you can reach.",
  );
  expect(unknownName("session_not_found", "bob", names).message).toBe(
    "No session that you may see is called bob. `parley session list` shows those there are.",
  );
});

test("[errors.refused-names] a taken name suggests one that is free and is a name", () => {
  expect(freeName("bob", () => true)).toBe("bob-2");
  expect(freeName("bob-2", (name) => !["bob-2", "bob-3"].includes(name))).toBe("bob-4");
  expect(freeName("n".repeat(63), () => true)).toMatch(/^n{58}-2$/);
});
