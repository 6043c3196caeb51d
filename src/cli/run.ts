import { isCommanderError, reportFailure } from "./failure.js";

/** Runs a command to its end and leaves with the exit code that tells how it went. */
export async function run(command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
    // All is said: Node's own end, object by object, takes longer than a call. Windows writes pipes in the background.
    process.stdout.write("", () => process.exit());
  } catch (error) {
    if (isCommanderError(error) && error.exitCode === 0) process.exitCode = 0;
    else process.exitCode = reportFailure(error, process.argv.includes("--json"));
  }
}
