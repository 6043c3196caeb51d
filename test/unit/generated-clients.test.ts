import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { clients } from "../generators/clients.js";
import { faultsIn } from "../generators/faults-in.js";

interface Row {
  generator: string;
  options: string[];
  result: string;
}

const text = readFileSync(join(import.meta.dirname, "../../docs/clients.md"), "utf8");
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| generator"))
  .map((line): Row => {
    const [, generator = "", options = "", result = ""] = line.split("|").map((cell) => cell.trim());
    return { generator, options: [...options.matchAll(/`([^`]+)`/g)].map(([, option]) => option!), result };
  });

describe("[contract.generators] the table of generators", () => {
  test("has each client that is compiled and called, with the options that it is made with", () => {
    for (const { generator, options } of clients) {
      const row = rows.find((row) => row.generator === generator);
      expect(row?.options, generator).toEqual(options);
      expect(row?.result).toMatch(/^compiles; calls `sessions.open`, `send` and `peers`/);
    }
    expect(clients.map(({ language }) => language)).toEqual(expect.arrayContaining(["Go", "Java"]));
  });

  test("promises of the others no more than was tried", () => {
    const others = rows.filter(({ generator }) => !clients.some((client) => client.generator === generator));
    expect(others).not.toEqual([]);
    for (const { generator, result } of others)
      expect(result, generator).toMatch(/^(?:not tried|not usable: .+|compiles; calls not tried)$/);
  });
});

describe("[contract.generators] a client that is wrong is seen", () => {
  const good = [
    "session go-writer live 1795939200000",
    "session go-reader live 1795939200000",
    "receipt peer_message_sent delivered 1795939200000",
    "peer go-reader idle 1795939200000",
  ];
  const states = ["live", "delivered", "online|idle"] as [string, string, string];

  test("what is right has no fault", () => {
    expect(faultsIn(good.join("\n"), states)).toEqual([]);
  });

  test.each([
    ["a point in time overflowed", "1795939200000", "-633437444"],
    ["a state was lost", / (?:live|delivered|idle) /, "  "],
    ["a state is another one", / (?:live|delivered|idle) /, " from_a_later_contract "],
  ])("%s, in each line", (_what, part, other) => {
    for (const [index, line] of good.entries()) {
      const changed = good.with(index, line.replace(part, other));
      expect(faultsIn(changed.join("\n"), states)).toHaveLength(1);
    }
  });
});
