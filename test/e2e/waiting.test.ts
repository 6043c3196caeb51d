import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

let daemon: TestDaemon;
let other: TestDaemon;

beforeAll(async () => {
  [daemon, other] = await Promise.all([startDaemon(), startDaemon()]);
  await parley(daemon.env, ["session", "open", "away", "--ttl", "1s"]);
  await until("the session to be offline", async () =>
    (await stateOf("away")) === "offline" ? true : undefined,
  );
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
});

async function stateOf(name: string): Promise<string> {
  const { body } = await localCall(daemon.socketPath, "GET", `/sessions/${name}`);
  return (body as { session: { state: string } }).session.state;
}

async function timed(
  words: readonly string[],
  input?: string,
): Promise<{ code: number | null; stdout: string; stderr: string; ms: number }> {
  const started = performance.now();
  const result = await parley(daemon.env, [...words], input);
  return { ...result, ms: performance.now() - started };
}

describe("[cli.time-limit] --timeout", () => {
  test("of send --stream ends the reading with exit code 124, and the work goes on", async () => {
    const { code, stdout, stderr, ms } = await timed([
      "send",
      "away",
      "wake up",
      "--stream",
      "--timeout",
      "700ms",
    ]);
    expect({ code, stdout }).toEqual({ code: 124, stdout: "" });
    expect(ms).toBeGreaterThan(700);
    const id = /accepted ([0-9a-f-]{36})/.exec(stderr)?.[1];
    expect(stderr).toContain(
      `stopped after 700ms: the work goes on; read on with: parley stream --interaction ${id} --no-follow; cancel it with: parley send away --cancel ${id}\n`,
    );
    const read = await parley(daemon.env, ["stream", "--interaction", id!, "--no-follow"]);
    expect({ code: read.code, started: read.stderr.includes("peer_request from") }).toEqual({
      code: 0,
      started: true,
    });
    const status = await parley(daemon.env, ["status", "--json"]);
    expect(JSON.parse(status.stdout).counts.streams).toBe(0);
  });

  test("of send --stream --json keeps stdout for receipt and events", async () => {
    const { code, stdout } = await timed(["send", "away", "x", "--stream", "--json", "--timeout", "700ms"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.kind ?? line.event.kind)).toEqual([
      "peer_request_sent",
      "interaction_started",
    ]);
    expect(code).toBe(124);
  });

  test.each([
    [["stream", "away"], "parley stream away --after "],
    [["stream", "away", "--after", "0", "--json"], "parley stream away --after "],
  ])("of %j ends the reading, and what comes is read on from there", async (words, how) => {
    const { code, stderr } = await timed([...words, "--timeout", "700ms"]);
    expect(code).toBe(124);
    const [, after] = new RegExp(`stopped after 700ms: read on with: ${how}(\\d+)\n$`).exec(stderr) ?? [];
    const { body } = await localCall(daemon.socketPath, "GET", "/sessions/away");
    const { last_sequence: last } = (body as { session: { last_sequence: number } }).session;
    expect(Number(after)).toBe(last);
  });

  test("does not change the exit code of what ends before it", async () => {
    const agent = startParley(daemon.env, ["agent", "exec", "--name", "quick", "--", "sh", "-c", "cat"]);
    await untilLive(daemon, "quick");
    const limit = ["--stream", "--timeout", "1m"];
    expect((await timed(["send", "quick", "hi", ...limit])).code).toBe(0);
    await agent.stop();
    const failing = startParley(daemon.env, ["agent", "exec", "--name", "fails", "--", "false"]);
    await untilLive(daemon, "fails");
    expect((await timed(["send", "fails", "hi", ...limit])).code).toBe(1);
    await failing.stop();
    expect((await timed(["stream", "away", "--no-follow", "--timeout", "1m"])).code).toBe(0);
  });

  test("is no time at all with 0, and text that is no time is refused", async () => {
    expect((await timed(["stream", "away", "--timeout", "0"])).code).toBe(124);
    const { code, stderr } = await timed(["stream", "away", "--timeout", "soon"]);
    expect(code).toBe(2);
    expect(stderr).toContain('"soon" is no duration');
  });

  test("ends a command that waits for stdin, before anything is sent", async () => {
    const running = startParley(daemon.env, ["send", "away", "-", "--stream", "--timeout", "500ms"]);
    const { code, stderr } = await running.result;
    expect(stderr).toContain("stopped after 500ms: nothing was sent");
    expect(code).toBe(124);
  });

  test("ends a command whose daemon hangs, with the key that a repeat needs", async () => {
    process.kill(daemon.pid, "SIGSTOP");
    try {
      const sent = await timed(["send", "away", "once", "--timeout", "500ms"]);
      expect(sent.code).toBe(124);
      expect(sent.ms).toBeLessThan(10_000);
      expect(sent.stderr).toMatch(
        /^stopped after 500ms: the daemon did not answer; a repeat with --idempotency-key [0-9a-f-]{36} is accepted once\n$/,
      );
      expect((await timed(["stream", "away", "--timeout", "500ms"])).code).toBe(124);
    } finally {
      process.kill(daemon.pid, "SIGCONT");
    }
  });
});

describe("[cli.wait-line] one line states why a command waits", () => {
  const offline = /^· away is offline: it waits until a host comes; expires .*\d\d:\d\d(:\d\d)?$/m;

  test.each([[["send", "away", "hello"]], [["send", "away", "hello", "--stream", "--timeout", "700ms"]]])(
    "when its recipient is offline: %j",
    async (words) => {
      const { stderr } = await timed(words);
      expect(stderr).toMatch(offline);
      expect(stderr.split("is offline")).toHaveLength(2);
    },
  );

  test("also for input, which is cancelled by the session's name", async () => {
    const { code, stderr } = await timed([
      "send",
      "--input",
      "away",
      "text",
      "--stream",
      "--timeout",
      "500ms",
    ]);
    expect(stderr).toContain("· away is offline: it waits until a host comes\n");
    expect(stderr).toMatch(/; cancel it with: parley send away --cancel [0-9a-f-]{36}\n$/);
    expect(code).toBe(124);
  });

  test("and none for what no host has to take: a cancel and an answer", async () => {
    await parley(daemon.env, ["session", "open", "asker", "--ttl", "1s"]);
    const asked = ["--as", "asker", "send", "away", "well?", "--intent", "ask", "--json"];
    const [first, second] = await Promise.all(
      [1, 2].map(async () => JSON.parse((await parley(daemon.env, asked)).stdout).interaction_id),
    );
    await until("the asker to be offline", async () =>
      (await stateOf("asker")) === "offline" ? true : undefined,
    );
    const answer = await timed(["--as", "away", "send", "asker", "yes", "--reply", first]);
    expect(answer).toMatchObject({ code: 0, stderr: "" });
    const cancel = await timed(["--as", "asker", "send", "away", "--cancel", second]);
    expect(cancel).toMatchObject({ code: 0, stderr: "" });
  });

  test("also for the reader of the session", async () => {
    const { stderr } = await timed(["stream", "away", "--timeout", "500ms"]);
    expect(stderr).toContain("· away is offline: what it is sent waits until a host comes\n");
  });

  test("and none when a host is there, nor for JSON", async () => {
    const agent = startParley(daemon.env, ["agent", "echo", "--name", "there"]);
    await untilLive(daemon, "there");
    expect((await timed(["send", "there", "hello"])).stderr).toBe("");
    expect((await timed(["send", "there", "hello", "--stream"])).stderr).not.toContain("waits");
    expect((await timed(["send", "away", "hello", "--json"])).stderr).toBe("");
    await agent.stop();
  });

  test("[cli.queued] when the link to its daemon is down, and only then `queued`", async () => {
    const { stdout: code } = await parley(other.env, ["endpoint", "pair"]);
    await parley(other.env, ["session", "open", "desk"]);
    const pair = ["endpoint", "pair", other.address, "--code", code.trim(), "--name", "office"];
    expect((await parley(daemon.env, pair)).code).toBe(0);
    await until("the peer", async () =>
      (await parley(daemon.env, ["peers"])).stdout.includes("desk-office") ? true : undefined,
    );
    for (const words of [[], ["--stream", "--timeout", "2s"]]) {
      const { stdout, stderr } = await timed(["send", "desk-office", "hello", ...words]);
      expect(stdout + stderr).toContain("accepted ");
      expect(stdout + stderr).not.toMatch(/queued|link/);
    }
    await other.stop("SIGKILL");
    await until("the link to be down", async () =>
      /desk-office +unknown/.test((await parley(daemon.env, ["peers"])).stdout) ? true : undefined,
    );
    const { stdout, stderr } = await timed(["send", "desk-office", "hello"]);
    expect(stdout).toMatch(/^accepted /);
    expect(stderr).toMatch(
      /^· queued: the link to desk-office is down, and it waits until the link is back; expires .*\n$/,
    );
  });
});
