import { describe, expect, test } from "vitest";
import { tableLines } from "./table.js";

const rows = [
  {
    name: "planner",
    kinds: ["peer_message", "peer_request"],
    about: "plans what the others do",
  },
  { name: "x", kinds: [], about: `${"long ".repeat(40)}end` },
];
const columns = ["name", "kinds", "about"];

describe("[cli.peers-differ] what differs between rows is seen", () => {
  const kinds = ["peer_message", "peer_request", "peer_response"];
  const peer = (name: string, state: string, takes: readonly string[], description: string): object => ({
    name,
    presence: { state },
    sendable_kinds: takes,
    meta: { description },
  });
  const prefix = "Claude Code in the folder /home/ann/projects/company/platform/services/";
  const peers = [
    peer("billing-claude", "online", kinds, `${prefix}billing of the monthly invoices`),
    peer("shipping-claude", "offline", kinds, `${prefix}shipping and returns`),
    peer("deaf-claude", "offline", ["peer_message"], `${prefix}search`),
    peer("echo", "online", kinds, "answers with what it was sent"),
  ];
  const peerColumns = ["name", "presence.state", "sendable_kinds", "meta.description"];

  test.each([60, 80, 100])("in %i characters", (width) => {
    const [, ...lines] = tableLines(peers, peerColumns, width);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    expect(lines[0]).toMatch(/^billing-claude +online +all +Claude.*…billing/);
    expect(lines[1]).toMatch(/^shipping-claude +offline +all +Claude.*…shippin/);
    expect(lines[2]).toMatch(/^deaf-claude +offline +message +Claude.*…search$/);
    // Without their names too.
    expect(new Set(lines.map((line) => line.slice(15))).size).toBe(4);
  });

  test("a column that is whole in the room that it has is not touched", () => {
    expect(tableLines(peers, peerColumns, 200)[1]).toContain(`${prefix}billing of the monthly invoices`);
  });
});

describe("[cli.peers-width] a table", () => {
  test.each([120, 80, 60])("in %i characters keeps each row on its line", (width) => {
    const lines = tableLines(rows, columns, width);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    expect(lines[1]).toMatch(/^planner +message, request/);
    expect(lines[2]).toMatch(/…$/);
  });

  test("without a width is whole, as it is on the wire", () => {
    const whole = tableLines(rows, columns, undefined).join("\n");
    expect(whole).toContain("end");
    expect(whole).toContain("peer_message, peer_request");
  });

  test("in less than its columns need leaves each its beginning", () => {
    expect(tableLines(rows, columns, 10)[1]).toMatch(/^planner message, re… plans what …$/);
  });

  test("never cuts what has to be typed: names and ids", () => {
    const id = "01a1ff99-e8ea-721d-b4b8-b2bc44837acf";
    const held = [
      { from: "a-name-that-is-rather-long", id, at: "2020-01-02T03:04:05.678Z", why: "x".repeat(90) },
    ];
    const line = tableLines(held, ["from", "id", "at", "why"], 80)[1]!;
    expect(line).toContain("a-name-that-is-rather-long");
    expect(line).toContain(id);
    expect(line).toMatch(/Jan 0[12] \d\d:\d\d/);
  });
});
