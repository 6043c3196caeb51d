import type { Command } from "commander";
import { type RestoreResult, restoreDatabase } from "../../storage/sqlite/offline/restore-database.js";
import { UsageError } from "../arguments.js";
import { globals } from "../client.js";
import { print, printJson } from "../output.js";
import { byteSize, copyProgress } from "./copy-progress.js";
import { storeFile } from "./store-place.js";

/** Puts a backup in the store's place; the daemon must not run. */
export async function restore(file: string, flags: { config?: string }, command: Command): Promise<void> {
  const to = await storeFile(flags.config, command);
  const progress = copyProgress();
  let result: RestoreResult;
  try {
    result = await restoreDatabase({ from: file, to, now: new Date(), progress: progress.report });
  } catch (error) {
    if ((error as { code?: string }).code === "locked")
      throw new UsageError(
        `a daemon works on ${to}; \`parley stop\` ends it, then restore. Nothing was changed.`,
      );
    throw error;
  } finally {
    progress.end();
  }
  const { bytes, schemaVersion, kept } = result;
  if (globals(command).json) {
    printJson({ path: to, bytes, schema_version: schemaVersion, ...(kept === undefined ? {} : { kept }) });
    return;
  }
  print(`restored ${to} from ${file} (${byteSize(bytes)}, checked)`);
  if (kept !== undefined) print(`the store that was there is kept as ${kept}`);
  print("start the daemon with: parley up --detach");
}
