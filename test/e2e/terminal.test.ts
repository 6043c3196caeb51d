import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { inTerminal } from "../support/terminal.js";

const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

let daemon: TestDaemon;
const running: RunningCli[] = [];

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()));
  await daemon?.[Symbol.asyncDispose]();
});

async function host(name: string, ...args: string[]): Promise<RunningCli> {
  const one = startParley(daemon.env, ["agent", ...args]);
  running.push(one);
  await untilLive(daemon, name);
  return one;
}

/** Bytes that steer a terminal, and what it is shown instead. */
const hostile = "\ufeffone\u001b[2J\u001b]0;title\u0007\u009b1m\rtwo\u0000\u202ethree";
const harmless = "\\ufeffone\\u001b[2J\\u001b]0;title\\u0007\\u009b1m\\rtwo\\u0000\\u202ethree";

describe("what a peer has written", () => {
  test("[cli.terminal] is shown and not obeyed on a real terminal", async () => {
    await host("printer", "exec", "--name", "printer", "--", "cat");
    const asked = inTerminal(daemon.env, [
      "send",
      "printer",
      "--stream",
      "--params",
      JSON.stringify(hostile),
    ]);
    const { output } = await asked;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the dim style of the notes
    expect(output.replace(/\u001b\[(2|22)m/g, "")).toContain(`${harmless}\n`);
    await parley(daemon.env, [
      "session",
      "open",
      "described",
      "--ttl",
      "5m",
      "--description",
      "x\u001b[31my",
    ]);
    const peers = await inTerminal(daemon.env, ["peers"], { columns: 100 });
    expect(peers.output).toContain("x\\u001b[31my");
    const json = await inTerminal(daemon.env, ["peers", "--json"]);
    expect(json.output).not.toContain("\u001b");
    expect(JSON.parse(json.output).peers).toContainEqual(
      expect.objectContaining({ meta: { description: "x\u001b[31my" } }),
    );
  });

  test("[cli.bytes] reaches a pipe and a file byte for byte", async () => {
    await host("exact", "exec", "--name", "exact", "--", "cat");
    const { stdout } = await parley(daemon.env, ["send", "exact", "-", "--stream"], hostile);
    expect(stdout).toBe(`${hostile}\n`);
    const file = join(daemon.folder, "out");
    const shell = spawn(
      "sh",
      ["-c", `"${process.execPath}" "${program}" send exact - --stream > "${file}"`],
      {
        env: daemon.env,
        stdio: ["pipe", "ignore", "ignore"],
      },
    );
    shell.stdin.end(`${hostile}\r\n`);
    await new Promise((resolve) => shell.on("close", resolve));
    expect(readFileSync(file)).toEqual(Buffer.from(`${hostile}\r\n`));
  });
});

/**
 * Runs the words with their stdout in a shell's pipeline; resolves with the exit code and both outputs. The input is a pipe
 * that stays open.
 */
async function piped(
  words: string,
  into: string,
  input?: string,
): Promise<{ code: string; stdout: string; stderr: string; ms: number }> {
  const script = `"${process.execPath}" "${program}" ${words} | ${into}; echo "code \${PIPESTATUS[0]}"`;
  const stdin = input === undefined ? "ignore" : "pipe";
  const shell = spawn("bash", ["-c", script], { env: daemon.env, stdio: [stdin, "pipe", "pipe"] });
  shell.stdin?.write(input!);
  let stdout = "";
  let stderr = "";
  shell.stdout!.setEncoding("utf8").on("data", (text) => (stdout += text));
  shell.stderr!.setEncoding("utf8").on("data", (text) => (stderr += text));
  const started = performance.now();
  await new Promise((resolve) => shell.on("close", resolve));
  const [, output = "", code = ""] = /^([\s\S]*)code (\d+)\n$/.exec(stdout) ?? [];
  return { code, stdout: output, stderr, ms: performance.now() - started };
}

describe("[cli.reader-left] a reader that leaves", () => {
  test("ends a stream quietly, which lets go of the interaction", async () => {
    await host("talks", "exec", "--name", "talks", "--", "sh", "-c", "while echo talk; do sleep 0.05; done");
    const { code, stdout, stderr } = await piped("send talks x --stream --json 2>&1", "head -2");
    expect(code).toBe("0");
    expect(stderr).toBe("");
    const id = JSON.parse(stdout.split("\n", 1)[0]!).interaction_id;
    const again = startParley(daemon.env, ["stream", "--interaction", id, "--json"]);
    await new Promise((resolve) => again.child.stdout!.once("data", resolve));
    await parley(daemon.env, ["send", "talks", "--cancel", id]);
    const lines = (await again.result).stdout.trim().split("\n");
    expect(JSON.parse(lines[0]!)).toMatchObject({ sequence: 1, event: { kind: "interaction_started" } });
    expect(JSON.parse(lines.at(-1)!).event.reason.code).toBe("cancelled");
  });

  test("ends a stream that is silent", async () => {
    await parley(daemon.env, ["session", "open", "quiet", "--ttl", "5m"]);
    await parley(daemon.env, ["send", "quiet", "one"]);
    const { code, stdout, ms } = await piped("stream quiet --after 0 --json", "head -1");
    expect(JSON.parse(stdout).event.kind).toBe("interaction_started");
    const status = await parley(daemon.env, ["status", "--json"]);
    expect(JSON.parse(status.stdout).counts.streams).toBe(0);
    expect(code).toBe("0");
    expect(ms).toBeLessThan(15_000);
  });

  test.each([["peers --json"], ["--help"], ["session list --json"], ["call system.status '{}'"]])(
    "ends parley %s quietly",
    async (words) => {
      const { code, stderr } = await piped(words, "true");
      expect({ code, stderr }).toEqual({ code: "0", stderr: "" });
    },
  );

  test("of MCP ends the bridge, which lets go of its name", async () => {
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
    const { code, stderr, ms } = await piped("mcp --name bridged", "head -1", ping);
    expect({ code, stderr }).toEqual({ code: "0", stderr: "" });
    expect(ms).toBeLessThan(15_000);
    const { stdout } = await parley(daemon.env, ["session", "get", "bridged", "--json"]);
    expect(JSON.parse(stdout).session.state).toBe("offline");
  });

  test("is not a full disk, which is reported", async () => {
    const shell = spawn("sh", ["-c", `"${process.execPath}" "${program}" peers --json > /dev/full`], {
      env: daemon.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    shell.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    const code = await new Promise((resolve) => shell.on("close", resolve));
    expect(stderr).toMatch(/Could not write the output: .*ENOSPC/);
    expect(code).toBe(1);
  });
});
