import { describe, expect, test } from "vitest";
import { table } from "./output.js";

const rows = [
  {
    name: "planner",
    kinds: ["peer_message", "peer_request", "peer_response"],
    about: "plans what the others do",
  },
  { name: "x", kinds: [], about: `${"long ".repeat(40)}end` },
];
const columns = ["name", "kinds", "about"];

describe("[cli.peers-width] a table", () => {
  test.each([120, 80, 60])("in %i characters keeps each row on its line", (width) => {
    const lines = table(rows, columns, width).split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    expect(lines[1]).toMatch(/^planner +peer_mes/);
    expect(lines[2]).toMatch(/…$/);
  });

  test("that fits is not cut, and without a width nothing is", () => {
    expect(table(rows.slice(0, 1), columns, 200)).toBe(table(rows.slice(0, 1), columns, undefined));
    expect(table(rows, columns, undefined)).toContain("end");
  });

  test("in less than its columns need leaves each its beginning", () => {
    expect(table(rows, columns, 10).split("\n")[1]).toMatch(/^planner +peer_messag… +plans what …$/);
  });
});
