import { spawn } from "node:child_process";
import type { Command } from "commander";
import { UsageError } from "../arguments.js";
import { bodyOf, serve } from "./serve.js";

/** The end of stderr is kept for the failure's message; more would only fill memory. */
const stderrKept = 2_000;

export async function exec(
  words: string[],
  options: { name: string; concurrency: string },
  command: Command,
): Promise<void> {
  const [program, ...args] = words;
  if (program === undefined)
    throw new UsageError("name the command after --, for example: parley agent exec --name wc -- wc -w");
  const concurrency = Number(options.concurrency);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64)
    throw new UsageError("--concurrency takes 1 to 64");
  const hosted = { description: `runs ${[program, ...args].join(" ")}`.slice(0, 512), concurrency };
  await serve(command, options.name, hosted, async (interaction, turn) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], signal: turn.signal });
    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    // The failure is awaited below; without this a spawn error before then would end the process.
    ended.catch(() => undefined);
    // A command that does not read its input closes the pipe early, which is no failure of ours.
    child.stdin.on("error", () => undefined);
    child.stdin.end(bodyOf(interaction));
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-stderrKept);
    });
    let output = "";
    for await (const text of child.stdout.setEncoding("utf8")) {
      output += text;
      await turn.text(text as string);
    }
    const { code, signal } = await ended;
    if (code === 0) await turn.reply({ body: output });
    else
      await turn.fail(
        `${program} ended with ${signal ?? `exit code ${code}`}${errors ? `: ${errors.trim()}` : ""}`,
      );
  });
}
