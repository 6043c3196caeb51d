import type { Command } from "commander";
import { backupDatabase } from "../../storage/sqlite/offline/backup-database.js";
import { UsageError } from "../arguments.js";
import { globals } from "../client.js";
import { print, printJson } from "../output.js";
import { byteSize, copyProgress } from "./copy-progress.js";
import { storeFile } from "./store-place.js";

export interface BackupFlags {
  force?: boolean;
  config?: string;
}

/** Copies the store to one file, while the daemon serves or without one. */
export async function backup(file: string, flags: BackupFlags, command: Command): Promise<void> {
  const from = await storeFile(flags.config, command);
  const progress = copyProgress();
  try {
    const { path, bytes, schemaVersion } = await backupDatabase({
      from,
      to: file,
      replace: flags.force === true,
      progress: progress.report,
    });
    progress.end();
    if (globals(command).json) printJson({ path, bytes, schema_version: schemaVersion, store: from });
    else print(`backed up ${from} to ${path} (${byteSize(bytes)}, checked)`);
  } catch (error) {
    progress.end();
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new UsageError(`${(error as Error).message}; choose another name, or add --force to replace it`);
    throw error;
  }
}
