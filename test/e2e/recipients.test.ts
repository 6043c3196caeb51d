import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await startDaemon();
  for (const name of ["ann", "bob"]) await parley(daemon.env, ["session", "open", name, "--ttl", "0"]);
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const send = (...words: string[]): ReturnType<typeof parley> => parley(daemon.env, ["send", ...words]);

async function inboxOf(name: string): Promise<string[]> {
  const { stdout } = await parley(daemon.env, ["inbox", name, "--json"]);
  return [...stdout.matchAll(/"text": ?"([^"]*)"/g)].map(([, text]) => text!);
}

describe("[cli.recipients] several recipients", () => {
  test("each get the text, and each outcome is printed", async () => {
    const { code, stdout, stderr } = await send("ann,bob", "green");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ann {2}accepted [0-9a-f-]{36}\nbob {2}accepted [0-9a-f-]{36}\n$/);
    expect(stderr).toMatch(/ann is offline: .*\n.*bob is offline: /);
    const repeated = await send("--to", "bob", "--to", "ann, bob", "by flags", "--json");
    expect(
      repeated.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { to: "bob", kind: "peer_message_sent" },
      { to: "ann", kind: "peer_message_sent" },
    ]);
    expect(await inboxOf("ann")).toEqual(["green", "by flags"]);
    expect(await inboxOf("bob")).toEqual(["green", "by flags"]);
  });

  test("one that fails keeps no other from its own, and the exit code is its own", async () => {
    const words = ["annn,bob", "partly", "--intent", "ask"];
    const { code, stdout, stderr } = await send(...words);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^annn {2}failed\nbob {3}accepted /);
    expect(stderr).toContain("annn:\nerror No peer is called annn; did you mean ann?");
    const json = await send(...words, "--json");
    expect(json.code).toBe(3);
    expect(
      json.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { to: "annn", code: "peer_not_found" },
      { to: "bob", kind: "peer_request_sent" },
    ]);
    expect((await inboxOf("bob")).filter((text) => text === "partly")).toHaveLength(2);
  });

  test("a key counts for each recipient", async () => {
    const words = ["ann,bob", "once", "--idempotency-key", "k1", "--json"];
    const first = await send(...words);
    const again = await send(...words);
    const ids = (text: string): string[] =>
      [...text.matchAll(/"interaction_id":"([^"]+)"/g)].map(([, id]) => id!);
    expect(new Set(ids(first.stdout)).size).toBe(2);
    expect(ids(again.stdout)).toEqual(ids(first.stdout));
    expect(again.stdout.match(/"deduplicated":true/g)).toHaveLength(2);
  });

  test.each([
    [["ann,bob", "x", "--stream"], "--stream follows one recipient"],
    [["ann,bob", "x", "--reply", crypto.randomUUID()], "--reply goes with one recipient"],
    [["ann,,bob", "x"], "a recipient is missing"],
    [["ann", "x", "--to", "bob"], "--to names who gets it"],
    [["--input", "ann", "--to", "bob", "x"], "leave out --to"],
  ])("%j is refused before anything is sent", async (words, message) => {
    const { code, stderr } = await send(...words);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
    expect(await inboxOf("bob")).not.toContain("x");
  });
});
