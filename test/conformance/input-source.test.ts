import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import type { SurfaceName } from "./forms.js";
import type { Surface } from "./surface.js";
import { cliSurface } from "./surfaces/cli.js";
import { mcpSurface } from "./surfaces/mcp.js";
import { pythonSurface } from "./surfaces/python.js";
import { restSurface } from "./surfaces/rest.js";
import { rpcSurface } from "./surfaces/rpc.js";
import { typescriptSurface } from "./surfaces/typescript.js";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const values = ["tcp", "uds", "stdin", "webhook", "rpc"];
let daemon: TestDaemon;

/** A field as a document shows it. */
interface Field {
  description: string;
  examples: unknown[];
}

/** `source` of an input in the document of each surface; the SDKs speak JSON-RPC. */
const documented: Record<SurfaceName, () => Field> = {
  rest: () => parse(read("openapi.yaml")).components.schemas.InputCommand.properties.source,
  rpc: openrpcField,
  mcp: () => {
    const { tools } = JSON.parse(read("schemas/dist/mcp-tools.json"));
    const send = tools.find(({ name }: { name: string }) => name === "send");
    return send.inputSchema.properties.command.oneOf[0].properties.source;
  },
  cli: () => {
    const help = execFileSync(process.execPath, [join(root, "dist/cli.cjs"), "send", "--help"], {
      encoding: "utf8",
      env: daemon.env,
    });
    const described = /^ +--source <source>([\s\S]*?)^ +--/m.exec(help)?.[1] ?? "";
    const description = described.replace(/\s+/g, " ");
    return { description, examples: [/parley send --input .* --source (\w+)/.exec(help)?.[1]] };
  },
  ts: openrpcField,
  py: openrpcField,
};

function openrpcField(): Field {
  const document = JSON.parse(read("schemas/dist/openrpc.json"));
  return document.components.schemas.InputCommand.properties.source;
}

const make: Record<SurfaceName, () => Surface> = {
  rest: () => restSurface(daemon),
  rpc: () => rpcSurface(daemon),
  mcp: () => mcpSurface(daemon),
  cli: () => cliSurface(daemon),
  ts: () => typescriptSurface(daemon),
  py: () => pythonSurface(daemon, process.env.PARLEY_TEST_PYTHON ?? "python3"),
};

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

describe("[comms.input-source] the source of an input", () => {
  test.each(Object.keys(make) as SurfaceName[])(
    "%s accepts the one value that its document shows, and names it when another is given",
    async (name) => {
      const { description, examples } = documented[name]();
      const [accepted] = examples;
      expect(examples).toHaveLength(1);
      expect(values).toContain(accepted);
      expect(description).toContain(`accepts only \`${accepted}\``);
      for (const other of values.filter((value) => value !== accepted))
        expect(description).not.toContain(`\`${other}\``);

      const surface = make[name]();
      try {
        const opened = await restSurface(daemon).call("sessions.open", { name: `source-${name}` }, undefined);
        const { session_id } = (opened as { response: { session: { session_id: string } } }).response.session;
        const input = { kind: "input", session_id, body: "hi" };
        for (const source of values) {
          const outcome = await surface.call("comms.send", { ...input, source }, undefined);
          if (source === accepted) expect(outcome).toMatchObject({ response: { kind: "input_accepted" } });
          else
            expect(outcome).toMatchObject({
              error: {
                code: "invalid_command",
                details: [{ field: "source", issue: "invalid_value", expected: accepted, got: source }],
              },
            });
        }
      } finally {
        await surface.close();
      }
    },
  );

  test("the flag of `parley send` is the request's field", async () => {
    await restSurface(daemon).call("sessions.open", { name: "source-flag" }, undefined);
    const send = (source: string): string => {
      const words = [join(root, "dist/cli.cjs"), "send", "--input", "source-flag", "hi", "--json"];
      try {
        return execFileSync(process.execPath, [...words, "--source", source], {
          encoding: "utf8",
          env: daemon.env,
          stdio: "pipe",
        });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    expect(JSON.parse(send("rpc"))).toMatchObject({ kind: "input_accepted" });
    expect(JSON.parse(send("webhook"))).toMatchObject({
      code: "invalid_command",
      details: [{ field: "source", issue: "invalid_value", expected: "rpc", got: "webhook" }],
    });
  });
});
