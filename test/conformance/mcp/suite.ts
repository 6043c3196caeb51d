import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const revisions = ["2025-11-25", "2026-07-28"] as const;
export type Revision = (typeof revisions)[number];

/** How a scenario that the revision requires went. */
export interface ScenarioResult {
  name: string;
  passed: number;
  /** Ids of the checks that failed. */
  failed: readonly string[];
}

export interface SuiteResult {
  /** As the suite's own command ends. */
  code: number | null;
  scenarios: readonly ScenarioResult[];
  /** What the command printed. */
  output: string;
}

const root = new URL("../../../", import.meta.url);
const program = fileURLToPath(new URL("node_modules/@modelcontextprotocol/conformance/dist/index.js", root));

/** The failures that are known of the profile without the fixture, each with its reason. */
export function expectedFailures(revision: Revision): string {
  return fileURLToPath(new URL(`expected-failures-${revision}.yml`, import.meta.url));
}

/** Runs what a revision requires of servers against a daemon's `/mcp`. */
export async function runSuite(
  { address, token }: { address: string; token: string },
  revision: Revision,
  failures?: string,
): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), "parley-mcp-"));
  await using proxy = await withToken(address, token);
  try {
    const args = ["server", "--url", `${proxy.address}/mcp`, "--requirements", revision, "-o", folder];
    if (failures !== undefined) args.push("--expected-failures", failures);
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, scenarios: resultsIn(folder, requiredBy(revision)), output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The suite has no credentials: this hop adds them and changes nothing else. */
async function withToken(address: string, token: string): Promise<AsyncDisposable & { address: string }> {
  const { hostname, port } = new URL(address);
  const server = createServer((incoming, response) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const { method, url: path } = incoming;
    const outgoing = request({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The scenarios that the revision requires of servers, in the suite's order. */
function requiredBy(revision: Revision): readonly string[] {
  const file = new URL(`../requirements/${revision}.yaml`, `file://${program}`);
  const text = readFileSync(file, "utf8");
  const section = /^server:\n((?: .*\n|\s*#.*\n|\n)*)/m.exec(text)?.[1] ?? "";
  return [...section.matchAll(/^ +- ([\w-]+)$/gm)].map(([, name]) => name!);
}

function resultsIn(folder: string, names: readonly string[]): ScenarioResult[] {
  const saved = readdirSync(folder);
  return names.map((name) => {
    const at = saved.find((entry) => entry.startsWith(`server-${name}-20`)) ?? "";
    const file = join(folder, at, "checks.json");
    const checks: { id: string; status: string }[] = existsSync(file)
      ? JSON.parse(readFileSync(file, "utf8"))
      : [{ id: "not-run", status: "FAILURE" }];
    // What the specification only asks for fails with a warning.
    const bad = checks.filter(({ status }) => status === "FAILURE" || status === "WARNING");
    const failed = bad.map(({ id }) => id);
    const passed = checks.filter(({ status }) => status === "SUCCESS").length;
    return { name, passed, failed: [...new Set(failed)] };
  });
}
