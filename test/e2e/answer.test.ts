import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { PlayedSession } from "../support/played-session.js";
import { until } from "../support/wait.js";

const first = "0199f3a0-4c52-7c01-b200-000000000001";
const second = "0199f3a0-4c52-7c01-b200-000000000002";
const question = (request_id: string, prompt: string): object => ({
  kind: "interaction_input_required",
  request_id,
  prompt,
});

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(() => daemon[Symbol.asyncDispose]());

/** A host that has asked the questions in an interaction of the user's. */
async function asked(name: string, ...questions: object[]): Promise<{ host: PlayedSession; id: string }> {
  const host = await PlayedSession.open(daemon, name);
  const id = await host.receive({ kind: "peer_request", intent: "ask", params: null });
  await host.say(questions);
  return { host, id };
}

async function answersOf({ name, leaseToken }: PlayedSession): Promise<unknown[]> {
  const drained = await localCall(daemon.socketPath, "POST", `/sessions/${name}/drain`, {
    lease_token: leaseToken,
    max: 0,
    answers_received: [],
  });
  const { answers = [] } = drained.body as { answers?: { request_id: string; body: string }[] };
  return answers.map(({ request_id, body }) => [request_id, body]);
}

describe("[cli.answer] `parley answer`", () => {
  test("answers the open question of an interaction, from an argument or stdin, and only once", async () => {
    const { host, id } = await asked("plain", question(first, "red or blue?"));
    const answered = await parley(daemon.env, ["answer", id, "-"], "blue");
    expect(answered).toMatchObject({ code: 0, stdout: `answered ${id}\n`, stderr: "" });
    expect(await answersOf(host)).toEqual([[first, "blue"]]);
    const none = await parley(daemon.env, ["answer", id, "red"]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("has no open question") });
    const again = await parley(daemon.env, ["answer", id, "red", "--request", first]);
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining("question_answered") });
  });

  test("lists several open questions and takes the one that is named", async () => {
    const { host, id } = await asked("several", question(first, "red?"), question(second, "large?\nreally?"));
    const unclear = await parley(daemon.env, ["answer", id, "yes"]);
    expect(unclear.code).toBe(2);
    expect(unclear.stderr).toContain(`  --request ${first}  red?\n  --request ${second}  large?`);
    const named = await parley(daemon.env, ["answer", id, "yes", "--request", second, "--json"]);
    expect(JSON.parse(named.stdout)).toMatchObject({ kind: "peer_message_sent", interaction_id: id });
    expect(await answersOf(host)).toEqual([[second, "yes"]]);
  });

  test("answers as the session that sent the interaction", async () => {
    const host = await PlayedSession.open(daemon, "for-zoe");
    const id = await host.receive({ kind: "peer_request", intent: "ask", params: null }, "zoe");
    await host.say([question(first, "red?")]);
    const other = await parley(daemon.env, ["answer", id, "no", "--as", "yan"]);
    expect(other).toMatchObject({ code: 4, stderr: expect.stringContaining("permission_denied") });
    expect(await parley(daemon.env, ["answer", id, "yes"])).toMatchObject({ code: 0 });
    expect(await answersOf(host)).toEqual([[first, "yes"]]);
  });

  test("states what is wrong with an id, and that an interaction has ended", async () => {
    const word = await parley(daemon.env, ["answer", "red", "yes"]);
    expect(word).toMatchObject({ code: 2, stderr: expect.stringContaining('"red" is not an interaction') });
    const host = await PlayedSession.open(daemon, "ended");
    await host.receive({ kind: "peer_request", intent: "ask", params: null });
    const claim = await host.say([question(first, "red?")]);
    await host.settle(claim, { kind: "done", result: null });
    const late = await parley(daemon.env, ["answer", claim.interactionId, "yes"]);
    expect(late).toMatchObject({ code: 2, stderr: expect.stringContaining("has ended") });
  });
});

test("[cli.answer] a reader of the stream is shown the question and what to type, and that it was answered", async () => {
  const host = await PlayedSession.open(daemon, "reader");
  const reading = startParley(daemon.env, ["send", "reader", "paint it", "--stream"]);
  await until("the request", async () => {
    const { body } = await localCall(daemon.socketPath, "GET", "/sessions/reader");
    return (body as { session: { unread: number } }).session.unread === 1 ? true : undefined;
  });
  const { interactionId: id } = await host.say([question(first, "red or blue?")]);
  const line = `answer with: parley answer ${id} "text"`;
  await until("the question", () => (reading.stderr.includes(line) ? true : undefined));
  expect(reading.stderr).toContain("? red or blue?\n");
  await parley(daemon.env, ["answer", id, "blue"]);
  await until("the answer", () => (reading.stderr.includes("· the host has the answer") ? true : undefined));
  await reading.stop();
  const read = await parley(daemon.env, ["stream", "--interaction", id, "--no-follow"]);
  expect(read.stderr).toContain(line);
});

test("[comms.question-durable] after kill -9 a second answer is refused and the first reaches the host", async () => {
  const { host, id } = await asked("killed", question(first, "red or blue?"));
  expect(await parley(daemon.env, ["answer", id, "blue"])).toMatchObject({ code: 0 });
  await daemon.stop("SIGKILL");
  await daemon.restart();
  const again = await parley(daemon.env, ["answer", id, "red", "--request", first]);
  expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining("question_answered") });
  expect(await answersOf(host)).toEqual([[first, "blue"]]);
});

describe("[cli.ask] `parley ask` in a script of `parley agent exec`", () => {
  const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

  /** Runs the script for one request and answers its question. */
  async function exec(name: string, script: string, reply?: string): Promise<string> {
    const whole = `parley() { "${process.execPath}" "${program}" "$@"; }\n${script}`;
    const words = ["agent", "exec", "--name", name, "--", "sh", "-c", whole];
    const host = startParley(daemon.env, words);
    try {
      await untilLive(daemon, name);
      const sent = await parley(daemon.env, ["send", name, "x", "--intent", "ask", "--json"]);
      const id: string = JSON.parse(sent.stdout).interaction_id;
      const read = async (): Promise<string> => {
        const { stdout, stderr } = await parley(daemon.env, ["stream", "--interaction", id, "--no-follow"]);
        return stdout + stderr;
      };
      if (reply !== undefined) {
        await until("the question", async () => ((await read()).includes("? red") ? true : undefined));
        expect(await parley(daemon.env, ["answer", id, reply])).toMatchObject({ code: 0 });
      }
      return await until("the end", async () => {
        const all = await read();
        return /· complete|failed:/.test(all) ? all : undefined;
      });
    } finally {
      await host.stop();
    }
  }

  test("prints the answer, which the script goes on with", async () => {
    const shown = await exec(
      "asks",
      'colour=$(parley ask "red or blue?")\necho "painted <$colour>"',
      "dark\nblue",
    );
    expect(shown).toContain("painted <dark\nblue>");
  });

  test("ends with exit code 124 when its time is over", async () => {
    const shown = await exec("waits", 'parley ask "red?" --timeout 300ms; echo "exit $?"');
    expect(shown).toContain("exit 124");
  });

  test("states where it works", async () => {
    const outside = await parley({ ...daemon.env, INTERACTION_ASK: "" }, ["ask", "red?"]);
    expect(outside).toMatchObject({ code: 2, stderr: expect.stringContaining("parley agent exec") });
    const over = await parley({ ...daemon.env, INTERACTION_ASK: "/nowhere/ask.sock" }, ["ask", "red?"]);
    expect(over).toMatchObject({ code: 1, stderr: expect.stringContaining("has ended") });
  });
});
