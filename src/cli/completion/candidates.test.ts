import { describe, expect, test } from "vitest";
import { createProgram } from "../program.js";
import { candidates } from "./candidates.js";

const names = {
  peers: async () => ["echo", "planner"],
  sessions: async () => ["echo", "planner", "user-ann"],
};
const words = async (...line: string[]): Promise<string[]> =>
  (await candidates(createProgram(), line, names)).map(({ word }) => word);

describe("[cli.completion] what may come next", () => {
  test("commands, then those of a group, with what they do", async () => {
    expect(await words("se")).toEqual(["session", "send"]);
    expect(await words("agent", "")).toEqual(["echo", "exec", "model"]);
    const [first] = await candidates(createProgram(), ["doc"], names);
    expect(first).toMatchObject({ word: "doctor", description: expect.stringContaining("Check") });
  });

  test("nothing that is hidden", async () => {
    expect(await words("__")).toEqual([]);
    expect(await words("--request")).toEqual([]);
  });

  test("flags of the command and those of all", async () => {
    expect(await words("send", "--s")).toEqual(["--stream", "--source", "--status", "--steer"]);
    expect(await words("send", "--js")).toEqual(["--json"]);
  });

  test("values of a flag that has a choice, and of one that the contract lists", async () => {
    expect(await words("send", "--status", "")).toEqual(["accepted", "completed", "failed"]);
    expect(await words("token", "create", "x", "--scope", "comms:")).toEqual(["comms:read", "comms:write"]);
  });

  test("names of peers and sessions where they belong", async () => {
    expect(await words("send", "")).toEqual(["echo", "planner"]);
    expect(await words("--as", "user")).toEqual(["user-ann"]);
    expect(await words("--as", "planner", "send", "e")).toEqual(["echo"]);
    expect(await words("session", "close", "p")).toEqual(["planner"]);
    expect(await words("token", "create", "")).toEqual([]);
    expect(await words("agent", "exec", "--name", "pl")).toEqual(["planner"]);
  });

  test("operations of `call`", async () => {
    expect(await words("call", "comms.pe")).toEqual(["comms.peers"]);
  });

  test("nothing behind `--`, behind the last argument and where a file stands", async () => {
    expect(await words("agent", "exec", "--name", "x", "--", "")).toEqual([]);
    expect(await words("send", "echo", "hi", "")).toEqual([]);
    expect(await words("backup", "")).toEqual([]);
  });
});
