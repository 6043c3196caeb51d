import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { isRunning, pidsIn } from "../support/processes.js";
import { until } from "../support/wait.js";

let daemon: TestDaemon;
const hosts: RunningCli[] = [];

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(async () => {
  await Promise.all(hosts.map((one) => one.stop()));
  await daemon?.[Symbol.asyncDispose]();
});

async function host(name: string, flags: string[], ...words: string[]): Promise<RunningCli> {
  const running = startParley(daemon.env, ["agent", "exec", "--name", name, ...flags, "--", ...words]);
  hosts.push(running);
  await untilLive(daemon, name);
  return running;
}

interface Line {
  interaction_id?: string;
  event: {
    kind: string;
    delta?: string;
    result?: { body: string; truncated?: true };
    reason?: { code: string; message: string; retryable: boolean };
  };
}

async function ask(
  name: string,
  ...words: string[]
): Promise<{ receipt: Record<string, unknown>; lines: Line[] }> {
  const { stdout } = await parley(daemon.env, ["send", name, ...words, "--stream", "--json"]);
  const [receipt, ...lines] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { receipt, lines };
}

describe("[cli.agent-exec] a command as a host", () => {
  test("[cli.agent-exec-context] finds who asks, what and how in its environment", async () => {
    const script =
      'cat; echo; echo "$INTERACTION_ID|$INTERACTION_FROM|$INTERACTION_KIND|$INTERACTION_INTENT|$INTERACTION_ATTEMPT"';
    await host("context", [], "sh", "-c", script);
    const { receipt, lines } = await ask("context", "hello", "--intent", "greet");
    expect(lines.at(-1)?.event.result?.body).toBe(
      `hello\n${receipt.interaction_id}|user-local|peer_request|greet|1\n`,
    );
    expect(lines.map(({ event }) => event.kind)).toContain("peer_content_ingested");
  });

  test("[cli.agent-exec-large] output of 3 MB reaches the events whole, characters uncut", async () => {
    const script = 'process.stdout.write("aé漢🦜".repeat(300_000))';
    await host("large", [], process.execPath, "-e", script);
    const { lines } = await ask("large", "x");
    const text = lines.map(({ event }) => (event.kind === "text_delta" ? event.delta : "")).join("");
    expect(text).toBe("aé漢🦜".repeat(300_000));
    const result = lines.at(-1)?.event.result;
    expect(result?.truncated).toBe(true);
    expect(text.startsWith(result!.body)).toBe(true);
    expect(result!.body.length).toBeGreaterThan(100_000);
  });

  test("[cli.agent-exec-failure] carries the exit code and the end of stderr, and 75 is worth another try", async () => {
    await host("fails", [], "sh", "-c", 'seq 1 5000 >&2; echo "the end" >&2; exit $(cat)');
    for (const [code, retryable] of [
      [3, false],
      [75, true],
    ] as const) {
      const { lines } = await ask("fails", String(code));
      const reason = lines.at(-1)!.event.reason!;
      expect(reason).toMatchObject({ code: "executor_error", retryable });
      expect(reason.message).toMatch(new RegExp(`^sh ended with exit code ${code}: [\\s\\S]*the end$`));
      expect(reason.message.length).toBeLessThan(2_100);
    }
  });

  test("[cli.agent-exec-failure] a command that does not exist is refused at the start", async () => {
    const { code, stderr } = await parley(daemon.env, [
      "agent",
      "exec",
      "--name",
      "nobody",
      "--",
      "no-such-program",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('no program "no-such-program"');
  });

  /** A command that ignores SIGTERM together with its child; both pids stand in the file. */
  const stubborn = (file: string): string =>
    `trap "" TERM; sleep 600 & echo "$$ $!" > ${file}.new; mv ${file}.new ${file}; wait; wait`;

  async function runningIn(file: string): Promise<number[]> {
    const pids = await pidsIn(file);
    expect(pids.map(isRunning)).toEqual([true, true]);
    return pids;
  }

  test("[cli.agent-exec-cancel] a command that runs too long ends with everything that it has started", async () => {
    const file = join(daemon.folder, "late");
    await host("late", ["--timeout", "3s"], "sh", "-c", stubborn(file));
    const asked = ask("late", "x");
    const pids = await runningIn(file);
    const { lines } = await asked;
    expect(lines.at(-1)?.event.reason).toMatchObject({ code: "timeout", retryable: true });
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  test("[cli.agent-exec-cancel] a sender who cancels ends the command with all that it has started", async () => {
    const file = join(daemon.folder, "unwanted");
    await host("unwanted", [], "sh", "-c", stubborn(file));
    const { stdout } = await parley(daemon.env, ["send", "unwanted", "x", "--intent", "ask", "--json"]);
    const id: string = JSON.parse(stdout).interaction_id;
    const pids = await runningIn(file);
    expect((await parley(daemon.env, ["send", "unwanted", "--cancel", id])).code).toBe(0);
    await until("the command to end", async () => (pids.some(isRunning) ? undefined : true));
    const reason = await until("the interaction to end", async () => {
      const read = await parley(daemon.env, ["stream", "--interaction", id, "--no-follow", "--json"]);
      const last = JSON.parse(read.stdout.trim().split("\n").at(-1)!).event;
      return last.kind === "interaction_failed" ? (last.reason as { code: string }) : undefined;
    });
    expect(reason.code).toBe("cancelled");
  });

  test("[cli.agent-exec-cancel] a host whose terminal closes ends its command and gives the work back", async () => {
    const file = join(daemon.folder, "hung");
    const first = await host("hung", [], "sh", "-c", stubborn(file));
    const asked = ask("hung", "x");
    const pids = await runningIn(file);
    first.child.kill("SIGHUP");
    await first.result;
    expect(pids.map(isRunning)).toEqual([false, false]);
    await host("hung", [], "sh", "-c", "echo attempt $INTERACTION_ATTEMPT");
    expect((await asked).lines.at(-1)?.event.result?.body).toBe("attempt 2\n");
  });

  test("[cli.agent-exec] a host that is told to stop finishes what it has in work", async () => {
    const file = join(daemon.folder, "finish");
    const gate = join(daemon.folder, "gate");
    const script = `echo begun > ${file}; while [ ! -e ${gate} ]; do sleep 0.05; done; echo done`;
    const running = await host("finish", [], "sh", "-c", script);
    const asked = ask("finish", "x");
    await until("the command to run", async () => (existsSync(file) ? true : undefined));
    running.child.kill("SIGTERM");
    writeFileSync(gate, "");
    expect((await asked).lines.at(-1)?.event.result?.body).toBe("done\n");
    expect((await running.result).code).toBe(0);
  });
});
