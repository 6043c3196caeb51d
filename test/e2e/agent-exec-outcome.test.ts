import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { endAll, isRunning, pidsIn } from "../support/processes.js";
import { until } from "../support/wait.js";

let daemon: TestDaemon;
const hosts: RunningCli[] = [];
const readers: RunningCli[] = [];
/** Processes that a command leaves on purpose. */
const left = new Set<number>();

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(async () => {
  endAll(left);
  for (const { child } of readers) child.kill();
  await Promise.all(hosts.map((one) => one.stop()));
  await daemon?.[Symbol.asyncDispose]();
});

async function host(name: string, flags: string[], ...words: string[]): Promise<RunningCli> {
  const running = startParley(daemon.env, ["agent", "exec", "--name", name, ...flags, "--", ...words]);
  hosts.push(running);
  await untilLive(daemon, name);
  return running;
}

interface AnyEvent {
  kind: string;
  delta?: string;
  name?: string;
  data?: { processes: { pid: number; command: string }[]; ended: boolean };
  result?: { body: string };
  reason?: { code: string; message: string; retryable: boolean };
}

interface Asked {
  events: AnyEvent[];
  last: AnyEvent;
  text: string;
  /** Times of arrival, in the order of the events; monotonic milliseconds. */
  at: number[];
}

async function ask(name: string, body = "x"): Promise<Asked> {
  const reader = startParley(daemon.env, ["send", name, "-", "--stream", "--json"]);
  readers.push(reader);
  const at: number[] = [];
  const events: AnyEvent[] = [];
  let rest = "";
  reader.child.stdout!.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const { event } = JSON.parse(line);
      if (event === undefined) continue;
      events.push(event);
      at.push(performance.now());
    }
  });
  reader.child.stdin!.end(body);
  await reader.result;
  const text = events.map(({ kind, delta }) => (kind === "text_delta" ? delta : "")).join("");
  return { events, last: events.at(-1)!, text, at };
}

const survivorsOf = ({ events }: Asked): AnyEvent["data"] =>
  events.find(({ kind, name }) => kind === "extension" && name === "surviving_processes")?.data;

/** Milliseconds within which an outcome has to follow; a busy machine gets some more than the promised second. */
const second = 2_000;

describe("[cli.exec-outcome] the outcome follows the command's exit, not its pipes", () => {
  test("a background process that keeps stdout open does not keep the interaction open", async () => {
    const file = join(daemon.folder, "kept-open");
    await host(
      "kept-open",
      [],
      "sh",
      "-c",
      `sleep 60 & echo $! > ${file}.new; mv ${file}.new ${file}; echo done`,
    );
    const asked = ask("kept-open");
    for (const pid of await pidsIn(file)) left.add(pid);
    const started = performance.now();
    expect((await asked).last).toMatchObject({ kind: "interaction_complete", result: { body: "done\n" } });
    expect(performance.now() - started).toBeLessThan(second + 1_000);
  });

  test("a failure is reported as one although a background process keeps stderr open", async () => {
    const file = join(daemon.folder, "failing");
    await host("failing", [], "sh", "-c", `sleep 60 & echo $! > ${file}; echo why >&2; exit 3`);
    const asked = await ask("failing");
    for (const pid of await pidsIn(file)) left.add(pid);
    expect(asked.last.reason).toMatchObject({
      code: "executor_error",
      message: "sh ended with exit code 3: why",
    });
  });

  test("a command that closes stdout early goes on to its own exit code", async () => {
    await host("closes", [], "sh", "-c", "echo early; exec >&-; sleep 0.5; exit 4");
    const asked = await ask("closes");
    expect(asked.text).toBe("early\n");
    expect(asked.last.reason?.message).toContain("exit code 4");
  });

  test("a command that is killed fails with the signal's name", async () => {
    await host("killed", [], "sh", "-c", "echo before; kill -KILL $$");
    const asked = await ask("killed");
    expect(asked.text).toBe("before\n");
    expect(asked.last.reason).toMatchObject({ code: "executor_error", message: "sh ended with SIGKILL" });
  });

  test("[cli.exec-drain] output that lies in the pipe at the exit arrives whole", async () => {
    const script = 'process.stdout.write("ö".repeat(1_000_000), () => process.exit(0))';
    await host("burst", [], process.execPath, "-e", script);
    expect((await ask("burst")).text).toBe("ö".repeat(1_000_000));
  });

  test("[cli.exec-drain] output of a background process ends with the drain, which has a bound", async () => {
    const file = join(daemon.folder, "noisy");
    const noise = "while :; do echo noise; sleep 0.01; done";
    await host("noisy", [], "sh", "-c", `(${noise}) & echo $! > ${file}; echo done`);
    const asked = await ask("noisy");
    for (const pid of await pidsIn(file)) left.add(pid);
    expect(asked.last.kind).toBe("interaction_complete");
    const ingested = asked.at[asked.events.findIndex(({ kind }) => kind === "peer_content_ingested")]!;
    expect(asked.at.at(-1)! - ingested).toBeLessThan(second + 1_000);
  });

  test("[cli.exec-drain] characters that are cut between writes arrive whole, bytes that are none as U+FFFD", async () => {
    const script = `
      const write = (bytes) => new Promise((done) => process.stdout.write(Buffer.from(bytes), done));
      await write([0x61, 0xf0, 0x9f]); await new Promise((go) => setTimeout(go, 200));
      await write([0xa6, 0x9c, 0xff, 0x62]); await write([0xe4, 0xbd]);`;
    await host("split", [], process.execPath, "--input-type=module", "-e", script);
    const asked = await ask("split");
    expect(asked.text).toBe("a🦜\ufffdb\ufffd");
    expect(asked.last.result?.body).toBe("a🦜\ufffdb\ufffd");
  });

  test("[cli.exec-drain] the end of a flood on stderr is text, whatever is cut off before it", async () => {
    const script = 'process.stderr.write("🦜".repeat(500_001) + "x", () => process.exit(9))';
    await host("flood", [], process.execPath, "-e", script);
    const { reason } = (await ask("flood")).last;
    expect(reason?.message.isWellFormed()).toBe(true);
    expect(reason?.message.endsWith("🦜x")).toBe(true);
    expect(reason?.message.length).toBeLessThan(2_100);
  });

  test("a command that ends before it has read its input has its own outcome", async () => {
    await host("unread", [], "sh", "-c", "exec <&-; echo unread");
    expect((await ask("unread", "long ".repeat(40_000))).last.result?.body).toBe("unread\n");
  });
});

describe("[cli.exec-end] what ends a command ends it within a second", () => {
  /** Ignores SIGTERM, and leaves a process of a session of its own that keeps the pipes open. */
  const stubborn = (file: string): string =>
    `trap "" TERM; setsid sleep 60 & echo "$$ $!" > ${file}.new; mv ${file}.new ${file}; while :; do sleep 60; done`;

  async function begin(name: string, ...flags: string[]): Promise<{ running: RunningCli; file: string }> {
    const file = join(daemon.folder, name);
    return { running: await host(name, flags, "sh", "-c", stubborn(file)), file };
  }

  async function commandAndLeft(file: string): Promise<number> {
    const [command, other] = await pidsIn(file);
    left.add(other!);
    return command!;
  }

  test("its time limit", async () => {
    const { file } = await begin("limited", "--timeout", "1s");
    const asked = await ask("limited");
    expect(isRunning(await commandAndLeft(file))).toBe(false);
    expect(asked.last.reason).toMatchObject({ code: "timeout", retryable: true });
    const ingested = asked.at[asked.events.findIndex(({ kind }) => kind === "peer_content_ingested")]!;
    expect(asked.at.at(-1)! - ingested).toBeLessThan(1_000 + second);
  });

  test("its sender who cancels", async () => {
    const { file } = await begin("cancelled");
    const { stdout } = await parley(daemon.env, ["send", "cancelled", "x", "--intent", "ask", "--json"]);
    const id: string = JSON.parse(stdout).interaction_id;
    const command = await commandAndLeft(file);
    expect((await parley(daemon.env, ["send", "cancelled", "--cancel", id])).code).toBe(0);
    const started = performance.now();
    await until("the command to end", () => (isRunning(command) ? undefined : true));
    const reason = await until("the interaction to end", async () => {
      const read = await parley(daemon.env, ["stream", "--interaction", id, "--no-follow", "--json"]);
      return JSON.parse(read.stdout.trim().split("\n").at(-1)!).event.reason;
    });
    expect(reason.code).toBe("cancelled");
    expect(performance.now() - started).toBeLessThan(second + 1_000);
  });

  test("Ctrl-C, which gives the work back to the inbox", async () => {
    const { running, file } = await begin("interrupted");
    const asked = ask("interrupted");
    const command = await commandAndLeft(file);
    running.child.kill("SIGINT");
    const started = performance.now();
    expect((await running.result).code).toBe(0);
    expect(performance.now() - started).toBeLessThan(second);
    expect(isRunning(command)).toBe(false);
    await host("interrupted", [], "sh", "-c", "echo attempt $INTERACTION_ATTEMPT");
    expect((await asked).last.result?.body).toBe("attempt 2\n");
  });
});

describe("[cli.exec-survivors] processes that outlive the command", () => {
  /** One in the command's group, one in a session of its own, one that has no parent any more besides. */
  const leaves = (file: string): string =>
    `sleep 60 & a=$!; setsid sleep 61 & b=$!; setsid -f sh -c 'echo $$ > ${file}.c; exec sleep 62'
     for one in $a $b $(until [ -s ${file}.c ]; do :; done; cat ${file}.c); do until grep -q sleep /proc/$one/comm; do :; done; done
     echo "$a $b" > ${file}.new; mv ${file}.new ${file}; echo serving`;

  test("are named with pid and command before the interaction ends", async () => {
    const file = join(daemon.folder, "leaves");
    await host("leaves", [], "sh", "-c", leaves(file));
    const asked = await ask("leaves");
    const data = survivorsOf(asked)!;
    for (const { pid } of data?.processes ?? []) left.add(pid);
    expect(asked.last.kind).toBe("interaction_complete");
    expect(data.ended).toBe(false);
    expect(data.processes.map(({ command }) => command).toSorted()).toEqual([
      "sleep 60",
      "sleep 61",
      "sleep 62",
    ]);
    expect(data.processes.map(({ pid }) => pid)).toEqual(expect.arrayContaining(await pidsIn(file)));
    expect(data.processes.every(({ pid }) => isRunning(pid))).toBe(true);
  });

  test("are named when the time limit ends the command", async () => {
    await host("limited-leaves", ["--timeout", "500ms"], "sh", "-c", "setsid sleep 63 & sleep 60");
    const asked = await ask("limited-leaves");
    for (const { pid } of survivorsOf(asked)?.processes ?? []) left.add(pid);
    expect(survivorsOf(asked)?.processes.map(({ command }) => command)).toEqual(["sleep 63"]);
    expect(asked.last.reason?.code).toBe("timeout");
  });

  test("are those of the interaction's own command, and none is no event", async () => {
    await host("clean", [], "sh", "-c", "sleep 0.01 & wait; cat");
    expect(survivorsOf(await ask("clean"))).toBeUndefined();
  });

  test("[cli.exec-kill-children] end with it under --kill-children, and are named as ended", async () => {
    const file = join(daemon.folder, "ended");
    await host("ended", ["--kill-children"], "sh", "-c", `trap "" TERM; ${leaves(file)}`);
    const asked = await ask("ended");
    const data = survivorsOf(asked)!;
    for (const { pid } of data?.processes ?? []) left.add(pid);
    expect(asked.last).toMatchObject({ kind: "interaction_complete", result: { body: "serving\n" } });
    expect(data.ended).toBe(true);
    expect(data.processes).toHaveLength(3);
    expect(data.processes.filter(({ pid }) => isRunning(pid))).toEqual([]);
  });
});

describe("[cli.exec-start] a command that cannot be started", () => {
  const script = (name: string): string => {
    const path = join(daemon.folder, name);
    writeFileSync(path, "#!/bin/sh\necho fine\n");
    chmodSync(path, 0o755);
    return path;
  };

  test("fails the interaction with the reason, and the host goes on", async () => {
    const path = script("moves");
    await host("moves", [], path);
    expect((await ask("moves")).last.result?.body).toBe("fine\n");
    renameSync(path, `${path}.away`);
    const gone = (await ask("moves")).last.reason;
    expect(gone).toMatchObject({ code: "executor_error", retryable: false });
    expect(gone?.message).toMatch(/^Could not start .*moves: .*does not exist.*ENOENT/);
    renameSync(`${path}.away`, path);
    chmodSync(path, 0o644);
    const denied = (await ask("moves")).last.reason;
    expect(denied?.message).toMatch(/^Could not start .*chmod \+x.*EACCES/);
    chmodSync(path, 0o755);
    expect((await ask("moves")).last.result?.body).toBe("fine\n");
  });
});
