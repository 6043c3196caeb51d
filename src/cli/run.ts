import { isCommanderError, reportFailure } from "./failure.js";
import { outputWritten, readerLeft } from "./output.js";

/** Runs a command to its end and exits with its exit code. A reader that leaves early is no failure. */
export async function run(command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
    await outputWritten();
  } catch (error) {
    process.exitCode = await exitCodeOf(error);
  }
  // Everything is written: Node's own end, object by object, takes longer than a call.
  process.exit();
}

async function exitCodeOf(error: unknown): Promise<number> {
  const hasReader = !readerLeft.aborted;
  if (isCommanderError(error) && error.exitCode === 0) return 0;
  const json = process.argv.includes("--json");
  if (hasReader) {
    const code = reportFailure(error, json);
    await outputWritten().catch(() => undefined);
    return code;
  }
  // What failed after the reader had left is reported to no one, but a full disk is.
  return await outputWritten().then(
    () => 0,
    (failure: unknown) => reportFailure(failure, false),
  );
}
