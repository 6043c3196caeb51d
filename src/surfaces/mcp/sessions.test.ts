import { expect, test } from "vitest";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { seededIds } from "../../../test/support/simulation.js";
import { principalNamed } from "../../../test/support/world.js";
import { Call } from "../../kernel/context.js";
import { silentLogger } from "../../kernel/logger.js";
import type { EventStream } from "./event-stream.js";
import { McpSessions } from "./sessions.js";

const clock = new SimulatedClock();
const ids = seededIds(clock, "sessions");
const hourMs = 3_600_000;
const quiet = async (): Promise<void> => {};

function callOf(name: string): Call {
  const principal = principalNamed(name);
  return new Call({ clock, ids, log: silentLogger }, { surface: "mcp", principal });
}

test("[mcp.mcp-session] a session is its principal's own: under another the same id is another session", async () => {
  const sessions = new McpSessions(clock, "mark");
  const [ada, bob] = [callOf("ada"), callOf("bob")];
  const id = sessions.newId("one");
  expect(sessions.get(id, ada)).toBe(sessions.get(id, ada));
  expect(sessions.get(id, bob)).not.toBe(sessions.get(id, ada));
  sessions.end(id, bob);
  expect(() => sessions.requireOpen(id, bob)).toThrow(/initialize again/);
  sessions.requireOpen(id, ada);
  expect(sessions.isInherited(id, ada)).toBe(false);
  expect(sessions.isInherited("another-mark.one", ada)).toBe(true);
});

test("[mcp.mcp-session.limits] subscriptions and sessions have limits with a typed refusal", async () => {
  const sessions = new McpSessions(clock, "mark");
  const ada = callOf("ada");
  const session = sessions.get("0", ada);
  for (let n = 0; n < 64; n += 1) await session.subscribe(`r${n}`, quiet);
  await session.subscribe("r0", quiet);
  await expect(session.subscribe("r64", quiet)).rejects.toMatchObject({ code: "quota_exceeded" });
  session.unsubscribe("r0");
  await expect(session.subscribe("bad", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await session.subscribe("r64", quiet);
  for (let n = 1; n < 1_024; n += 1) sessions.get(String(n), ada);
  expect(() => sessions.get("1024", ada)).toThrow(expect.objectContaining({ code: "quota_exceeded" }));
});

test("[mcp.mcp-session.limits] when there is no room, sessions that nobody listens to for an hour make some", async () => {
  const sessions = new McpSessions(clock, "mark");
  const ada = callOf("ada");
  const stream = { send() {}, end() {}, cut() {}, isBehind: false } as unknown as EventStream;
  sessions.get("0", ada).open(stream);
  let stopped = false;
  await sessions.get("1", ada).subscribe("r", async (_, signal) => {
    signal.addEventListener("abort", () => (stopped = true));
  });
  for (let n = 2; n < 1_024; n += 1) sessions.get(String(n), ada);
  clock.advance(hourMs + 1);
  sessions.get("1024", ada);
  expect(stopped).toBe(true);
  expect(() => sessions.requireOpen("1", ada)).toThrow(/initialize again/);
  sessions.requireOpen("0", ada);
});
