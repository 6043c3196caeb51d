import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { TestDaemon } from "../../support/daemon.js";
import { type Program, root } from "./contract-tree.js";

/** A daemon as clients reach it, with a session there. */
export interface Callee {
  socketPath: string;
  address: string;
  token: string;
  name: string;
  sessionId: string;
}

/** What each call came to: "works", or the error's code and message. */
export type Outcomes = Record<string, string>;

/** The interpreter that has the Python SDK's dependencies; undefined when there is none. */
export function findPython(): string | undefined {
  const python = process.env.PARLEY_TEST_PYTHON ?? join(root, "sdks/python/.venv/bin/python");
  return existsSync(python) ? python : undefined;
}

export async function typescriptClient({ root: from }: Program, callee: Callee): Promise<Outcomes> {
  const script = join(root, "test/faults/upgrade/client-process.ts");
  const loader = join(root, "scripts/ts.mjs");
  const args = [
    "--import",
    loader,
    script,
    join(from, "sdks/typescript/src/index.ts"),
    JSON.stringify(callee),
  ];
  return outcomesOf(await finished(spawn(process.execPath, args)));
}

export async function pythonClient(
  { root: from }: Program,
  callee: Callee,
  python: string,
): Promise<Outcomes> {
  const script = join(root, "test/faults/upgrade/client_process.py");
  const env = { ...process.env, PYTHONPATH: join(from, "sdks/python/src"), PYTHONDONTWRITEBYTECODE: "1" };
  return outcomesOf(await finished(spawn(python, [script, JSON.stringify(callee)], { env })));
}

/** The command line: a plain command, one with the full parser, a host, and an agent's tools over stdio. */
export async function commandLine({ root: from }: Program, daemon: TestDaemon): Promise<Outcomes> {
  const { bin } = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as { bin: { parley: string } };
  const program = join(from, bin.parley);
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout } = await finished(
      spawn(process.execPath, [program, ...args, "--json"], { env: daemon.env }),
    );
    if (code === 0) return "works";
    const error = JSON.parse(stdout) as { code: string; message: string };
    return `${error.code}: ${error.message}${code === 8 ? "" : ` (exit code ${code})`}`;
  };
  return {
    peers: await run("peers"),
    "status with a flag before": await run("--as", "bob", "status"),
    send: await run("send", "bob", "x"),
    "peers for a person": await forPerson(program, daemon),
    doctor: await doctor(program, daemon),
    tools: await tools(program, daemon),
  };
}

/** The words on the terminal; they must lead on. */
async function forPerson(program: string, daemon: TestDaemon): Promise<string> {
  const { code, stderr } = await finished(spawn(process.execPath, [program, "peers"], { env: daemon.env }));
  if (code === 0) return "works";
  return stderr.includes("parley doctor")
    ? stderr
    : `no next step in ${stderr}`.replace("contract_mismatch", "");
}

/** The doctor names the process that is to be stopped. */
async function doctor(program: string, daemon: TestDaemon): Promise<string> {
  const { stdout } = await finished(
    spawn(process.execPath, [program, "doctor", "--json"], { env: daemon.env }),
  );
  const { findings } = JSON.parse(stdout) as { findings: { id?: string; says: string; fix?: string }[] };
  const found = findings.find(({ id }) => id === "daemon-refuses");
  if (found === undefined) return "works";
  return found.fix?.includes(`kill ${daemon.pid}`)
    ? `contract_mismatch: ${found.says}`
    : `no pid in ${found.fix}`;
}

async function tools(program: string, daemon: TestDaemon): Promise<string> {
  const client = new Client({ name: "an-agent", version: "1.0.0" });
  const args = [program, "mcp", "--name", "bot"];
  const env = daemon.env as Record<string, string>;
  const transport = new StdioClientTransport({ command: process.execPath, args, env, stderr: "pipe" });
  let said = "";
  transport.stderr!.on("data", (text) => (said += text));
  try {
    await client.connect(transport);
    const { isError, content } = await client.callTool({ name: "peers", arguments: {} });
    return isError ? (content as { text: string }[])[0]!.text : "works";
  } catch (error) {
    return `${(error as Error).message} ${said}`;
  } finally {
    await client.close();
  }
}

async function finished(
  child: ChildProcess,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  child.stdout!.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr!.setEncoding("utf8").on("data", (text) => (stderr += text));
  child.stdin!.end();
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  return { code, stdout, stderr };
}

/** What a client process printed. */
function outcomesOf({
  code,
  stdout,
  stderr,
}: {
  code: number | null;
  stdout: string;
  stderr: string;
}): Outcomes {
  if (stdout === "") throw new Error(`a client ended with ${code} and said nothing but: ${stderr}`);
  return JSON.parse(stdout) as Outcomes;
}
