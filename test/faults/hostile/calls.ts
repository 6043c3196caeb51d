import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { isReachable } from "../../support/stranger.js";
import type { Seeded } from "../kit/seeded.js";
import { type Ended, root, type Victim } from "./victim.js";

/** What one call came to: `ok`, or the code of its error. */
export interface Outcome {
  name: string;
  outcome: string;
}

/** What a client program is to send, and to which addresses besides its own daemon. */
export interface ClientPlan {
  /** Part of every body. */
  marker: string;
  token: string;
  addresses: readonly string[];
}

export interface CallOptions {
  victim: Victim;
  plan: ClientPlan;
  /** The bundled program on the TypeScript SDK. */
  clientProgram: string;
  env: NodeJS.ProcessEnv;
  random: Seeded;
}

/** The Python environment of the tests; undefined when there is none. */
const python = [process.env.PARLEY_TEST_PYTHON ?? "", join(root, "sdks/python/.venv/bin/python")].find(
  existsSync,
);

/** Why the calls of the Python SDK are left out for a user; undefined when they are made. */
export function pythonProblem(uid: number): string | undefined {
  if (python === undefined) return "the environment of the Python SDK is missing; `npm test` makes it";
  if (uid === process.getuid?.() || isReachable(realpathSync(python))) return undefined;
  return "a user besides root cannot run this Python";
}

/** Makes calls of every client at once: a few command lines, and a program on each SDK. */
export async function makeCalls({
  victim,
  plan,
  clientProgram,
  env,
  random,
}: CallOptions): Promise<Outcome[]> {
  const tokenFile = victim.write("home/token", plan.token);
  const lines = commandLines(plan, tokenFile);
  const chosen = [random.pick(lines), random.pick(lines)];
  const atAddresses = plan.addresses.map((address) => ({
    words: ["--base-url", address, "--token-file", tokenFile, "send", "reviewer", plan.marker],
    input: "",
  }));
  const argument = JSON.stringify(plan);
  const outcomes = await Promise.all([
    ...[...chosen, ...atAddresses].map(async ({ words, input }) => [
      {
        name: `parley ${words.join(" ")}`,
        outcome: outcomeOf(await victim.parley(["--json", ...words], input, env)),
      },
    ]),
    victim
      .run(process.execPath, [clientProgram, argument], "", env)
      .then((ended) => reported("TypeScript", ended)),
    ...(pythonProblem(victim.uid) !== undefined
      ? []
      : [
          victim
            .run(python!, [join(root, "test/faults/hostile/client.py"), argument], "", env)
            .then((ended) => reported("Python", ended)),
        ]),
  ]);
  return outcomes.flat();
}

interface CommandLine {
  words: string[];
  input: string;
}

function commandLines({ marker }: ClientPlan, tokenFile: string): CommandLine[] {
  const command = JSON.stringify({ kind: "peer_message", to: "reviewer", body: marker });
  const line = (words: string[], input = ""): CommandLine => ({ words, input });
  const toolCall = {
    name: "send",
    arguments: { command: { kind: "peer_message", to: "reviewer", body: marker } },
  };
  return [
    line(["send", "reviewer", marker]),
    line(["send", "reviewer", "-"], marker),
    line(["send", "reviewer", marker, "--stream"]),
    line(["--token-file", tokenFile, "send", "reviewer", marker]),
    line(["call", "comms.send", command]),
    line(["peers"]),
    line(["status"]),
    line(["token", "create", `t${marker.slice(-8)}`, "--scope", "comms:read"]),
    line(["session", "open", "of-a-command", "--description", marker]),
    line(
      ["mcp", "--name", "bridge"],
      `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: toolCall })}\n`,
    ),
    line(["console"]),
  ];
}

/** The end of a command with `--json`: its exit code and, of an error, the code. */
function outcomeOf({ code, stdout, stderr }: Ended): string {
  const last = stdout.trim().split("\n").at(-1) ?? "";
  // The bridge ends well whatever its calls came to.
  if (code === 0) return last.includes('"isError":true') ? codeOfTool(last) : "ok";
  try {
    const error = JSON.parse(last) as { code?: string };
    // Scripts go by the exit code.
    if (error.code === "daemon_unreachable" && code !== 7) return `daemon_unreachable with exit code ${code}`;
    return error.code ?? `exit code ${code}`;
  } catch {
    return `exit code ${code}: ${stdout.slice(-200)}${stderr.slice(-400)}`;
  }
}

function codeOfTool(line: string): string {
  const { result } = JSON.parse(line) as { result: { structuredContent: { code: string } } };
  return result.structuredContent.code;
}

function reported(sdk: string, { code, stdout, stderr }: Ended): Outcome[] {
  const lines = stdout.trim().split("\n").filter(Boolean);
  const outcomes = lines.map((line) => JSON.parse(line) as Outcome);
  if (code !== 0) outcomes.push({ name: "the program", outcome: `exit code ${code}: ${stderr.slice(-600)}` });
  return outcomes.map(({ name, outcome }) => ({ name: `${sdk}: ${name}`, outcome }));
}
