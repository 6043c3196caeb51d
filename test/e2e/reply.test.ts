import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
/** The command as scripts call it. */
const command = `"${process.execPath}" "${program}"`;

let daemon: TestDaemon;
const hosts: RunningCli[] = [];
const output = new Map<string, () => string>();

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(async () => {
  await Promise.all(hosts.map((one) => one.stop()));
  await daemon?.[Symbol.asyncDispose]();
});

/** A host that runs the script; `parley` in it is the built command. */
async function host(name: string, script: string, ...flags: string[]): Promise<RunningCli> {
  const whole = `parley() { ${command} "$@"; }\n${script}`;
  const running = startParley(daemon.env, [
    ...["agent", "exec", "--name", name, ...flags, "--", "sh", "-c", whole],
  ]);
  let errors = "";
  running.child.stderr!.on("data", (text: string) => {
    errors += text;
  });
  output.set(name, () => errors);
  hosts.push(running);
  await untilLive(daemon, name);
  return running;
}

interface AnyEvent {
  kind: string;
  delta?: string;
  status?: string;
  result?: unknown;
  reason?: { code: string; message: string; result?: unknown };
}

async function eventsOf(id: string): Promise<AnyEvent[]> {
  const read = await parley(daemon.env, ["stream", "--interaction", id, "--no-follow", "--json"]);
  return read.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).event);
}

/** Asks, waits for the end, and reads what is kept after `until`. */
async function ask(
  name: string,
  flags: string[] = ["--stream"],
): Promise<{ id: string; events: AnyEvent[] }> {
  const sent = await parley(daemon.env, ["send", name, "x", ...flags, "--json"]);
  const id: string = JSON.parse(sent.stdout.split("\n", 1)[0]!).interaction_id;
  const events = await until(`the end of ${name}'s interaction`, async () => {
    const all = await eventsOf(id);
    return isEnd(all.at(-1)) ? all : undefined;
  });
  return { id, events };
}

const isEnd = (event: AnyEvent | undefined): boolean =>
  ["interaction_complete", "interaction_failed"].includes(event?.kind ?? "");
const answersOf = (events: AnyEvent[]): [string | undefined, unknown][] =>
  events
    .filter(({ kind }) => kind === "peer_response_received")
    .map(({ status, result }) => [status, result]);

/** The host has taken the interaction out of its inbox and works on: the next one gets its answer. */
async function isServing(name: string): Promise<void> {
  const { body } = await localCall(daemon.socketPath, "GET", `/sessions/${name}`);
  expect((body as { session: { unread: number } }).session.unread).toBe(0);
  expect(output.get(name)!()).not.toMatch(/Error|error|fail/);
}

describe("[cli.exec-reply] an answer from inside the command", () => {
  test("is progress or the end, from the session that was asked", async () => {
    await host(
      "reports",
      'parley reply --status accepted "half way"; parley reply "all done"; echo "$INTERACTION_FROM to $INTERACTION_TO" >&2; exit 1',
    );
    const { events } = await ask("reports");
    expect(answersOf(events)).toEqual([
      ["accepted", "half way"],
      ["completed", "all done"],
    ]);
    expect(events.filter(isEnd)).toMatchObject([{ kind: "interaction_complete", result: "all done" }]);
    await isServing("reports");
    expect((await ask("reports")).events.at(-1)?.result).toBe("all done");
  });

  test.each([
    ["0", "--stream"],
    ["1", "--stream"],
    ["0", "--intent"],
    ["75", "--intent"],
  ])("is the only one, although the command then exits with %s (%s)", async (code, flag) => {
    const name = `final-${code}${flag}`;
    await host(name, `echo before; parley reply "the answer"; echo after; exit ${code}`);
    const { id } = await ask(name, flag === "--intent" ? ["--intent", "ask"] : ["--stream"]);
    await until("the command's exit", async () => (await next(name)) ?? undefined);
    const events = await eventsOf(id);
    expect(answersOf(events)).toEqual([["completed", "the answer"]]);
    expect(events.filter(isEnd)).toMatchObject([{ kind: "interaction_complete", result: "the answer" }]);
    expect(events.map(({ delta }) => delta).join("")).toBe("before\n");
    await isServing(name);
  });

  /** The first interaction is out of the way when a second one has its end. */
  async function next(name: string): Promise<true> {
    await ask(name);
    return true;
  }

  test("lets the command go on to its own exit", async () => {
    const file = join(daemon.folder, "goes-on");
    const gate = join(daemon.folder, "gate");
    await host(
      "goes-on",
      `parley reply answered; echo more; while [ ! -e ${gate} ]; do sleep 0.05; done; echo end > ${file}`,
    );
    const { events } = await ask("goes-on");
    expect(events.at(-1)).toMatchObject({ kind: "interaction_complete", result: "answered" });
    writeFileSync(gate, "");
    await until("the end of the script", () => (existsSync(file) ? true : undefined));
    expect((await ask("goes-on")).events.at(-1)?.result).toBe("answered");
    await isServing("goes-on");
  });

  test("can be a failure, with data as the result", async () => {
    await host("gives-up", `parley reply --status failed '{"missing": ["key"]}'`);
    const { events } = await ask("gives-up");
    expect(events.at(-1)?.reason).toMatchObject({ code: "peer_failed", result: { missing: ["key"] } });
  });

  test("of a message ends it; its progress goes nowhere and fails nothing", async () => {
    await host("listens", 'set -e; parley reply --status accepted "half way"; parley reply done; echo tail');
    const { events } = await ask("listens", []);
    expect(events.filter(isEnd)).toMatchObject([{ kind: "interaction_complete" }]);
    expect(answersOf(events)).toEqual([["completed", "done"]]);
    await isServing("listens");
  });

  test("takes its text from stdin too, and prints nothing into the command's output", async () => {
    await host("pipes", "printf 'two\\nlines' | parley reply");
    const { events } = await ask("pipes");
    expect(events.at(-1)?.result).toBe("two\nlines");
    expect(events.filter(({ kind }) => kind === "text_delta")).toEqual([]);
  });
});

test("[cli.exec-recipe] the recipe of the docs reports three steps and an answer", async () => {
  const page = readFileSync(new URL("../../docs/agents.md", import.meta.url), "utf8");
  const recipe = page.split("```").find((block) => block.includes("parley reply --status accepted"));
  const bin = join(daemon.folder, "bin");
  mkdirSync(bin);
  symlinkSync(program, join(bin, "parley"));
  const script = recipe!.replace(/^sh\n/, "").replaceAll("/tmp/", `${daemon.folder}/`);
  const env = { ...daemon.env, PATH: `${bin}:${process.env.PATH}` };
  const shell = spawn("bash", ["-eu", "-c", `${script}\nkill %1; wait`], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding("utf8").on("data", (piece) => {
      text += piece;
    });
  const code = await new Promise((resolve) => shell.on("close", resolve));
  expect(text).toMatch(/· step 1 of 3\n.*· step 2 of 3\n.*· step 3 of 3\n[\s\S]*all 3 steps are done\n/);
  expect(code).toBe(0);
});

describe("[cli.exec-reply] an answer from outside", () => {
  async function asked(session: string): Promise<string> {
    const { stdout } = await parley(daemon.env, ["send", session, "may I?", "--intent", "ask", "--json"]);
    return JSON.parse(stdout).interaction_id;
  }

  test("is sent as whichever of the user's sessions was asked", async () => {
    for (const name of ["desk", "shelf"]) await parley(daemon.env, ["session", "open", name, "--ttl", "5m"]);
    for (const [session, flags, kind] of [
      ["desk", [], "interaction_complete"],
      ["shelf", ["--status", "failed"], "interaction_failed"],
    ] as const) {
      const id = await asked(session);
      const answered = await parley(daemon.env, ["reply", id, "the word", ...flags]);
      expect(answered).toMatchObject({ code: 0, stdout: `answered ${id}\n` });
      const events = await eventsOf(id);
      expect(events.at(-1)?.kind).toBe(kind);
      expect(answersOf(events)).toHaveLength(1);
      const again = await parley(daemon.env, ["reply", id, "another word"]);
      expect(again.code).toBe(5);
      expect(again.stderr).toContain("interaction_ended");
    }
  });

  test("ends the interaction of a command that hangs; the command goes on until it is stopped", async () => {
    const running = await host("hangs", "echo begun; sleep 60");
    const id = await asked("hangs");
    await until("the command to run", async () =>
      (await eventsOf(id)).some(({ delta }) => delta === "begun\n") ? true : undefined,
    );
    expect((await parley(daemon.env, ["reply", id, "never mind"])).code).toBe(0);
    expect((await eventsOf(id)).at(-1)).toMatchObject({ kind: "interaction_complete", result: "never mind" });
    const started = performance.now();
    running.child.kill("SIGINT");
    expect((await running.result).code).toBe(0);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("that names no interaction, or none of one's own, is refused with what to type", async () => {
    const nameless = await parley(daemon.env, ["reply", "just text"]);
    expect(nameless.code).toBe(2);
    expect(nameless.stderr).toContain('parley reply <id> "text"');
    const unknown = await parley(daemon.env, ["reply", "0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f", "text"]);
    expect(unknown.code).toBe(3);
    expect(unknown.stderr).toContain("interaction_not_found");
    const id = await asked("desk");
    const foreign = await parley(daemon.env, ["reply", id, "text", "--as", "shelf"]);
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toContain("belongs to no session");
  });
});
