import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const python = process.env.PARLEY_TEST_PYTHON ?? "python3";

/** How the examples of each language are run; they find the daemon by themselves. */
const languages = [
  ["typescript", process.execPath, (name: string) => `examples/typescript/${name}.ts`],
  ["python", python, (name: string) => `examples/python/${name.replace("-", "_")}.py`],
] as const;

describe.each(languages)("[sdk.examples] the examples in %s", (language, program, file) => {
  let daemon: TestDaemon;
  let echo: RunningCli;
  const run = (
    name: string,
    ...args: string[]
  ): { child: ChildProcess; done: Promise<{ code: number | null; output: string }> } => {
    const child = spawn(program, [join(root, file(name)), ...args], {
      cwd: root,
      env: daemon.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    const done = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output }));
    });
    return { child, done };
  };

  beforeAll(async () => {
    daemon = await startDaemon();
    echo = startParley(daemon.env, ["agent", "echo", "--name", "echo"]);
    await untilLive(daemon, "echo");
  });
  afterAll(async () => {
    await echo?.stop();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("hello lists peers, asks one and prints its answer", async () => {
    const { code, output } = await run("hello", "echo", "good evening").done;
    expect(code, output).toBe(0);
    expect(output).toContain("echo");
    expect(output).toContain("good evening");
  });

  test("host serves an agent that the command line can ask, and stops in order", async () => {
    const host = run("host", `counter-${language}`);
    await untilLive(daemon, `counter-${language}`);
    const { stdout, code } = await parley(daemon.env, [
      "send",
      `counter-${language}`,
      "one two three",
      "--stream",
      "--json",
    ]);
    expect(code, stdout).toBe(0);
    expect(JSON.stringify(JSON.parse(stdout.trim().split("\n").at(-1)!))).toContain("3");
    host.child.kill("SIGTERM");
    expect((await host.done).code).toBe(0);
  });

  test("stream-resume goes on where it was, also after a restart of the daemon", async () => {
    const place = join(daemon.folder, `place-${language}`);
    const first = await run("stream-resume", "echo", place, "3").done;
    expect(first.code, first.output).toBe(0);
    expect(readFileSync(place, "utf8").trim()).toBe("3");
    await daemon.stop("SIGKILL");
    await daemon.restart();
    const second = await run("stream-resume", "echo", place, "2").done;
    expect(second.code, second.output).toBe(0);
    expect(readFileSync(place, "utf8").trim()).toBe("5");
  });
});

test("[seed003.m6] the embedded example asks and answers in one process, twice over one file, without a daemon", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-embedded-"));
  try {
    for (let life = 0; life < 2; life += 1) {
      const program = [join(root, "examples/typescript/embedded.ts"), join(folder, "store.db")];
      const { status, stdout, stderr } = spawnSync(process.execPath, program, {
        cwd: root,
        env: { PATH: process.env.PATH, HOME: folder },
        encoding: "utf8",
      });
      expect(status, stdout + stderr).toBe(0);
      expect(stdout).toContain("peers: counter\naccepted: peer_request_sent\nresult: 3\n");
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
