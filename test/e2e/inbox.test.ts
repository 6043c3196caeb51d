import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parley, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { inTerminal } from "../support/terminal.js";
import { until } from "../support/wait.js";

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

interface Sent {
  interaction_id: string;
}

/** Sends as the session, which is made with it. */
async function sendAs(session: string, command: object): Promise<Sent> {
  const headers = { "parley-session": session };
  const sent = await localCall(daemon.socketPath, "POST", "/comms/send", command, headers);
  expect(sent.status).toBe(200);
  return sent.body as Sent;
}

function untilTrue(probe: () => boolean): Promise<boolean> {
  return until("a line of output", async () => probe() || undefined);
}

async function inboxOf(...args: string[]) {
  const { code, stdout, stderr } = await parley(daemon.env, ["inbox", ...args]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

test("[cli.inbox] a person reads a message, a question and an answer without taking them", async () => {
  await localCall(daemon.socketPath, "POST", "/sessions", { name: "planner", ttl_ms: 0 });
  expect(await inboxOf()).toBe("nothing waits for user-local\n");
  const message = await sendAs("planner", {
    kind: "peer_message",
    to: "user-local",
    body: "ready\nfor review",
  });
  const request = await sendAs("planner", {
    kind: "peer_request",
    to: "user-local",
    intent: "approve",
    params: { body: "ship it?" },
  });
  const asked = await sendAs("user-local", {
    kind: "peer_request",
    to: "planner",
    intent: "ask",
    params: { body: "how many?" },
  });
  const answer = { kind: "peer_response", to: "user-local", in_reply_to: asked.interaction_id };
  await sendAs("planner", { ...answer, status: "completed", result: "three" });
  const text = await inboxOf();
  expect(text.replace(/\d\d:\d\d:\d\d/g, "TIME").split("\n")).toEqual([
    "planner · message · TIME",
    "  ready",
    "  for review",
    `  ${message.interaction_id}`,
    "planner · request approve · TIME",
    "  ship it?",
    `  ${request.interaction_id}`,
    "planner · answer · TIME",
    "  > you asked: how many?",
    "  three",
    expect.stringMatching(/^ {2}[0-9a-f-]{36}$/),
    "",
  ]);
  expect(await inboxOf()).toBe(text);
  // Scripts get the contract's fields, and one page of it when they ask for a part.
  const whole = JSON.parse(await inboxOf("--json"));
  expect(whole.interactions.map((one: { text: string }) => one.text)).toEqual([
    "ready\nfor review",
    "ship it?",
    "three",
  ]);
  const first = JSON.parse(await inboxOf("--json", "--limit", "1"));
  expect(first).toMatchObject({ more: true, interactions: [whole.interactions[0]] });
  const rest = JSON.parse(await inboxOf("--json", "--cursor", String(first.cursor)));
  expect(rest.interactions).toEqual(whole.interactions.slice(1));
  await sendAs("user-local", { kind: "peer_message", to: "planner", body: "thanks" });
  expect(await inboxOf("planner")).toContain("thanks");
  expect(await inboxOf("--as", "planner")).toBe(await inboxOf("planner"));
  const one = JSON.parse(await inboxOf("--json", "--interaction", request.interaction_id));
  expect(one.interactions).toMatchObject([{ text: "ship it?", state: "waiting" }]);
});

test("[cli.inbox] --watch prints what waits, then what comes, over a restart of the daemon", async () => {
  await localCall(daemon.socketPath, "POST", "/sessions", { name: "desk", ttl_ms: 0 });
  const send = (body: string) => sendAs("planner", { kind: "peer_message", to: "desk", body });
  await send("before");
  const watch = startParley(daemon.env, ["inbox", "desk", "--watch"]);
  const lines = startParley(daemon.env, ["inbox", "desk", "--watch", "--json"]);
  await untilTrue(() => watch.stdout.includes("before") && lines.stdout.includes("before"));
  await send("while it runs");
  await untilTrue(() => watch.stdout.includes("while it runs"));
  await daemon.stop();
  await untilTrue(() => watch.stderr.includes("when it answers again"));
  await daemon.restart();
  await send("after the restart");
  await untilTrue(
    () => watch.stdout.includes("after the restart") && lines.stdout.includes("after the restart"),
  );
  await Promise.all([watch.stop(), lines.stop()]);
  const texts = lines.stdout.trim().split("\n");
  expect(texts.map((line) => JSON.parse(line).text)).toEqual([
    "before",
    "while it runs",
    "after the restart",
  ]);
  expect(watch.stdout.match(/planner · message/g)).toHaveLength(3);
});

test("[cli.inbox] a token reads the inbox that is its own; with several it is asked for a name", async () => {
  const tokenOf = async (name: string, sessions: string[]) => {
    const scopes = ["comms:read", "comms:write", "sessions:read"];
    const { body } = await localCall(daemon.socketPath, "POST", "/tokens", { name, scopes, sessions });
    const file = join(daemon.folder, `${name}.token`);
    writeFileSync(file, (body as { secret: string }).secret, { mode: 0o600 });
    return ["--base-url", daemon.address, "--token-file", file];
  };
  const phone = await tokenOf("phone", []);
  expect((await parley(daemon.env, ["peers", ...phone])).code).toBe(0);
  await sendAs("planner", { kind: "peer_message", to: "user-phone", body: "for the phone" });
  expect(await inboxOf(...phone)).toContain("for the phone");
  const wide = await tokenOf("wide", ["planner", "desk"]);
  const asked = await parley(daemon.env, ["inbox", ...wide]);
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringMatching(/name one of: desk, planner/)]);
  expect(await inboxOf("desk", ...wide)).toContain("before");
});

test("[cli.inbox] mistakes are refused with what to type", async () => {
  const unknown = await parley(daemon.env, ["inbox", "absent"]);
  expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining("session_not_found")]);
  const limit = await parley(daemon.env, ["inbox", "--limit", "many"]);
  expect([limit.code, limit.stderr]).toEqual([2, expect.stringContaining("--limit takes a whole number")]);
});

test("[cli.inbox-done] what was read is done with, whichever session holds it; a request names its answer", async () => {
  await localCall(daemon.socketPath, "POST", "/sessions", { name: "kitchen", ttl_ms: 0 });
  const own = await sendAs("planner", { kind: "peer_message", to: "user-local", body: "lunch" });
  const other = await sendAs("planner", { kind: "peer_message", to: "kitchen", body: "dinner" });
  const request = await sendAs("planner", {
    kind: "peer_request",
    to: "kitchen",
    intent: "ask",
    params: { body: "soup?" },
  });
  const done = await parley(daemon.env, ["inbox", "done", own.interaction_id, other.interaction_id]);
  expect([done.code, done.stdout, done.stderr]).toEqual([
    0,
    `done: ${own.interaction_id}\ndone: ${other.interaction_id}\n`,
    "",
  ]);
  const again = await parley(daemon.env, ["inbox", "done", own.interaction_id, "--json"]);
  expect(JSON.parse(again.stdout)).toEqual({ dismissed: true, already_dismissed: true });
  expect(await inboxOf("kitchen")).not.toContain("dinner");
  const refused = await parley(daemon.env, ["inbox", "done", request.interaction_id]);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain(`parley reply ${request.interaction_id} "text"`);
  expect(refused.stderr).toContain(`parley reply ${request.interaction_id} --status failed`);
  // The command that the refusal prints does it.
  const answer = await parley(daemon.env, ["reply", request.interaction_id, "--status", "failed", "no soup"]);
  expect(answer.code).toBe(0);
  expect(await inboxOf("kitchen")).toBe("nothing waits for kitchen\n");
  const bare = await parley(daemon.env, ["inbox", "done"]);
  expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining("parley inbox done <id>")]);
});

test("[cli.inbox-notice] a terminal shows in one line that something waits for the caller", async () => {
  await localCall(daemon.socketPath, "POST", "/sessions", { name: "hall", ttl_ms: 0 });
  await localCall(daemon.socketPath, "POST", "/sessions", { name: "attic", ttl_ms: 0 });
  const quiet = await inTerminal(daemon.env, ["--as", "hall", "peers"]);
  expect([quiet.code, quiet.output]).toEqual([0, expect.not.stringContaining("parley inbox")]);
  await sendAs("attic", { kind: "peer_message", to: "hall", body: "one" });
  const one = await inTerminal(daemon.env, ["--as", "hall", "peers"]);
  expect(one.output).toMatch(/\n1 message waits for hall, since [\d:]+: parley inbox hall\n$/);
  await sendAs("attic", { kind: "peer_message", to: "hall", body: "two" });
  const send = ["--as", "hall", "send", "attic", "hi"];
  expect((await inTerminal(daemon.env, send)).output).toMatch(
    /\n2 messages wait for hall, since [\d:]+: parley inbox hall\n$/,
  );
  expect((await inTerminal(daemon.env, [...send, "--json"])).output).not.toContain("parley inbox");
  const piped = await parley(daemon.env, send);
  expect([piped.code, piped.stderr]).toEqual([0, expect.not.stringContaining("parley inbox")]);
});

test("[cli.inbox] answers that are no longer listed are counted, also by --watch", async () => {
  await localCall(daemon.socketPath, "POST", "/sessions", { name: "oracle", ttl_ms: 0 });
  await localCall(daemon.socketPath, "POST", "/sessions", { name: "seeker", ttl_ms: 0 });
  for (let at = 0; at < 258; at += 1) {
    const params = { body: `question ${at}` };
    const asked = await sendAs("seeker", { kind: "peer_request", to: "oracle", intent: "ask", params });
    const answer = { kind: "peer_response", to: "seeker", in_reply_to: asked.interaction_id };
    await sendAs("oracle", { ...answer, status: "completed", result: `answer ${at}` });
  }
  const counted = /^2 older answers are not listed, the oldest from [\d:]+; each can be read/m;
  const listed = await parley(daemon.env, ["inbox", "seeker"]);
  expect(listed.stderr).toMatch(counted);
  expect(listed.stdout).toContain("  > you asked: question 2\n  answer 2\n");
  expect(listed.stdout).not.toContain("question 1\n");
  const { omitted } = JSON.parse((await parley(daemon.env, ["inbox", "seeker", "--json"])).stdout);
  expect(omitted).toEqual({ count: 2, oldest_at: expect.stringMatching(/^\d{4}-.*Z$/) });
  const watch = startParley(daemon.env, ["inbox", "seeker", "--watch"]);
  await untilTrue(() => watch.stdout.includes("answer 257") && counted.test(watch.stderr));
  await watch.stop();
});
