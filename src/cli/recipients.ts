import type { Parley } from "../../sdks/typescript/src/index.js";
import { UsageError } from "./arguments.js";
import { describe, exitCodeOf, reportFailure } from "./failure.js";
import { note, paint, print } from "./output.js";
import { TimeLimitError } from "./time-limit.js";

type SendReceipt = Awaited<ReturnType<Parley["send"]>>;

/** The names of a list such as `ann,bob`, each once. */
export function recipientsIn(lists: readonly string[]): string[] {
  const names = lists.flatMap((list) => list.split(",")).map((name) => name.trim());
  if (names.includes(""))
    throw new UsageError(`a recipient is missing in "${lists.join(",")}"; write for example ann,bob`);
  return [...new Set(names)];
}

export interface Outcome {
  to: string;
  result: PromiseSettledResult<SendReceipt>;
}

/** Sends to each of them; one that fails keeps no other from its own. */
export async function sendToEach(
  names: readonly string[],
  send: (to: string) => Promise<SendReceipt>,
): Promise<Outcome[]> {
  const results = await Promise.allSettled(names.map(send));
  return results.map((result, at) => ({ to: names[at]!, result }));
}

/** Prints each outcome, as JSON one a line; the exit code is that of the first failure. */
export function printOutcomes(
  outcomes: readonly Outcome[],
  { json, describeReceipt }: { json: boolean; describeReceipt: (receipt: object) => string },
): void {
  const width = Math.max(...outcomes.map(({ to }) => to.length));
  for (const { to, result } of outcomes) {
    if (result.status === "fulfilled") {
      if (json) print(JSON.stringify({ to, ...result.value }));
      else print(`${to.padEnd(width)}  ${describeReceipt(result.value)}`);
    } else if (json) print(JSON.stringify({ to, ...describe(result.reason) }));
    else {
      print(
        `${to.padEnd(width)}  `,
        paint("red", result.reason instanceof TimeLimitError ? "no answer" : "failed"),
      );
      note(paint("bold", `${to}:`));
      reportFailure(result.reason, false);
    }
  }
  const failed = outcomes.find(({ result }) => result.status === "rejected");
  if (failed?.result.status === "rejected") process.exitCode = exitCodeOf(failed.result.reason);
}
