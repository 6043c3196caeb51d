import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type TestDaemon } from "../support/daemon.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tools = process.env.PARLEY_TEST_TOOLS ?? "";

describe("[contract.third-party] tools of others on the running daemon", () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    daemon = await startDaemon();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  /** What the MCP Inspector prints of a method's result. */
  async function inspected(...args: string[]): Promise<Record<string, unknown[]>> {
    const launcher = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";
    const to = ["--cli", `${daemon.address}/mcp`, "--transport", "http"];
    const credentials = ["--header", `Authorization: Bearer ${daemon.token}`];
    const { code, output, stdout } = await run(
      process.execPath,
      [join(root, launcher), ...to, ...args, ...credentials],
      daemon.env,
    );
    expect(code, output).toBe(0);
    return JSON.parse(stdout.slice(stdout.indexOf("{")));
  }

  test("[mcp.inspector] the MCP Inspector lists exactly two tools", async () => {
    const { tools } = (await inspected("--method", "tools/list")) as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name).sort()).toEqual(["peers", "send"]);
  });

  test("[mcp.inspector.inbox] it lists the inbox and reads it", async () => {
    const uri = "comms://inbox/user-tester";
    expect((await inspected("--method", "resources/list")).resources).toMatchObject([{ uri }]);
    const { contents } = await inspected("--method", "resources/read", "--uri", uri);
    expect(contents).toMatchObject([{ uri, mimeType: "application/json" }]);
  });

  test.skipIf(tools === "")(
    "[rest.schemathesis] Schemathesis finds no failure",
    async () => {
      const { code, output } = await run(
        join(tools, "schemathesis"),
        [
          "run",
          join(root, "openapi.yaml"),
          "--url",
          daemon.address,
          "--header",
          `Authorization: Bearer ${daemon.token}`,
          "--checks",
          "all",
          "--max-examples",
          "25",
          "--seed",
          "7433",
          "--workers",
          "1",
          // Stopping the daemon would end the run, and a stream has no end to wait for.
          "--exclude-path-regex",
          "^/(system/stop|comms/stream)$",
        ],
        daemon.env,
      );
      expect(code, output.slice(-6_000)).toBe(0);
    },
    240_000,
  );
});

function run(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output, stdout }));
  });
}
