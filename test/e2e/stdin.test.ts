import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { inTerminal } from "../support/terminal.js";

const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
  await parley(daemon.env, ["session", "open", "desk", "--ttl", "10m"]);
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a script in which `parley` is the built command. */
function shell(script: string): Promise<Result> {
  const whole = `parley() { "${process.execPath}" "${program}" "$@"; }\n${script}`;
  const child = spawn("bash", ["-c", whole], { env: daemon.env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

describe("[cli.stdin-bound] stdin", () => {
  test.each([
    ["send desk -"],
    ["send --json -"],
    ["call comms.send"],
    ["reply 0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f"],
  ])("without an end is refused once it is too large: parley %s", async (words) => {
    const { code, stderr, stdout } = await shell(`yes | parley ${words}`);
    expect(stderr + stdout).toContain("payload_too_large");
    expect(code).toBe(2);
  });

  test("of an MCP client is read line by line, and a line without an end is answered and dropped", async () => {
    const big = `head -c 20000000 /dev/zero | tr '\\0' x; echo; echo '{"jsonrpc":"2.0","id":1,"method":"ping"}'`;
    const { code, stdout } = await shell(`{ ${big}; } | parley mcp --name big`);
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers).toEqual([
      expect.objectContaining({
        id: null,
        error: expect.objectContaining({ data: expect.objectContaining({ code: "payload_too_large" }) }),
      }),
      { jsonrpc: "2.0", id: 1, result: {} },
    ]);
    expect(code).toBe(0);
  });

  test("and a secret's file without an end are refused", async () => {
    const words = "--base-url http://127.0.0.1:1 --token-file /dev/stdin peers";
    const { code, stderr } = await shell(`yes | parley ${words}`);
    expect(stderr).toContain("names a file of more than 64 KiB, which holds no secret");
    expect(code).toBe(2);
  });

  test("of 1 MiB less the frame is sent", async () => {
    const body = "x".repeat(262_144);
    expect((await parley(daemon.env, ["send", "desk", "-"], body)).code).toBe(0);
  });

  test("that cannot be read is a mistake of usage", async () => {
    const { code, stderr } = await shell("parley send desk - < /");
    expect(stderr).toContain("stdin is a folder");
    expect(code).toBe(2);
  });
});

describe("[cli.stdin-wait] a command that waits for stdin", () => {
  test.each([["send desk -"], ["send --json -"], ["call comms.send"], ["mcp --name waits"]])(
    "reports it on stderr after two seconds of a silent pipe: parley %s",
    async (words) => {
      const running = startParley(daemon.env, words.split(" "));
      const started = performance.now();
      const reported = new Promise<number>((resolve) => {
        running.child.stderr!.on("data", (text: string) => {
          if (/^waiting for .* on stdin, /.test(text)) resolve(performance.now() - started);
        });
      });
      expect(await reported).toBeGreaterThan(1_900);
      running.child.stdin!.end(words.startsWith("send desk") ? "at last" : "{}");
      const { code, stdout } = await running.result;
      if (words.startsWith("send desk"))
        expect({ code, sent: stdout.startsWith("accepted ") }).toEqual({ code: 0, sent: true });
    },
  );

  test("reports it on a terminal, and how to end it", async () => {
    const { code, output } = await inTerminal(daemon.env, ["send", "desk", "-"], {
      answers: [["waiting for the text on stdin; Ctrl-D ends it", "typed\n\u0004"]],
    });
    expect(output).toContain("accepted");
    expect(code).toBe(0);
  });

  test("has no reason to when the input comes", async () => {
    const { stderr } = await parley(daemon.env, ["send", "desk", "-"], "here");
    expect(stderr).not.toContain("waiting");
  });
});

test.each(["call comms.peers", "call system.status", "peers", "session list", "console"])(
  "[cli.stdin-none] an operation without fields reads no stdin by itself: parley %s",
  async (words) => {
    const { code, stderr } = await startParley(daemon.env, words.split(" ")).result;
    expect({ code, waits: stderr.includes("waiting") }).toEqual({ code: 0, waits: false });
  },
);

describe("[cli.arguments-utf8] an argument", () => {
  test.each([
    ["send desk \"$(printf 'caf\\351')\"", 3],
    ["--json send desk \"$(printf '\\355\\240\\200')\"", 4],
    ["session get \"$(printf '\\377')\"", 3],
    ["agent exec --name e -- echo \"$(printf '\\200')\"", 7],
  ])("that is not UTF-8 is refused as on stdin: parley %s", async (words, at) => {
    const { code, stdout, stderr } = await shell(`parley ${words}`);
    expect(stdout + stderr).toMatch(new RegExp(`argument ${at} is not text in UTF-8`));
    expect(code).toBe(2);
  });

  test("that is U+FFFD itself, and any other text, is sent as it is", async () => {
    for (const text of ["\ufffd", "é 漢 🦜", "\ufeffx"]) {
      const { code } = await parley(daemon.env, ["send", "desk", text]);
      expect(code).toBe(0);
    }
    const { stdout } = await parley(daemon.env, ["session", "get", "desk", "--json"]);
    expect(JSON.parse(stdout).session.unread).toBeGreaterThan(2);
  });
});
