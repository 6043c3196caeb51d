import { join } from "node:path";
import { root, type Victim } from "./victim.js";

/** The commands that a failed call names, as they stand in its message. */
export async function adviceOf(victim: Victim, marker: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const { stderr } = await victim.parley(["send", "reviewer", marker], "", env);
  const message = stderr.split("\n")[0] ?? "";
  return [...message.matchAll(/`([^`]+)`/g)].map(([, command]) => command!);
}

/** The commands that `parley doctor` names about the daemon that does not answer, in its order. */
export async function doctorsAdviceOf(victim: Victim, env: NodeJS.ProcessEnv): Promise<string[]> {
  const { code, stdout, stderr } = await victim.parley(["doctor", "--json"], "", env);
  if (stdout === "") throw new Error(`parley doctor ended with ${code}: ${stderr.slice(-600)}`);
  const { findings } = JSON.parse(stdout) as { findings: Record<"check" | "says" | "fix", string>[] };
  const texts = findings.filter(({ check }) => check === "daemon").flatMap(({ says, fix }) => [says, fix]);
  const quoted = [...texts.join("\n").matchAll(/`([^`\n]+)`/g)].map(([, command]) => command!);
  return [...new Set(quoted)].filter((command) => /^(parley|chmod|rm|unset|export) /.test(command));
}

/** Types what a message advised, in a shell, and sends again: then a daemon of the user must answer. */
export async function followAdvice(
  victim: Victim,
  commands: readonly string[],
  marker: string,
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  if (commands.length === 0) return ["the message of a failed call names nothing to type"];
  const script = [
    `parley() { "${process.execPath}" "${join(root, "dist/cli.cjs")}" "$@"; }`,
    "set -e",
    ...commands,
    "set +e",
    `parley --json send reviewer ${marker}; sent=$?`,
    "parley stop >&2",
    "exit $sent",
  ];
  const { code, stdout, stderr } = await victim.run("/bin/sh", ["-c", script.join("\n")], "", env);
  // No session has the name: that answer comes from a daemon.
  if (code === 3 && stdout.includes('"peer_not_found"')) return [];
  return [
    `after \`${commands.join("`, `")}\` a send ended with ${code}: ${stdout.slice(-300)} ${stderr.slice(-600)}`,
  ];
}
