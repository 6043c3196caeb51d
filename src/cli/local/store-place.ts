import type { Command } from "commander";
import { ParleyError } from "../../../sdks/typescript/src/index.js";
import { ConfigError } from "../../config/config-error.js";
import { type Config, loadConfig } from "../../config/load-config.js";
import { resolvePaths } from "../../config/paths.js";
import { UsageError } from "../arguments.js";
import { globals, withClient } from "../client.js";
import { afterStop } from "./own-daemon.js";

/** The file of this machine's store: what the running daemon says, else what the config says. */
export async function storeFile(configPath: string | undefined, command: Command): Promise<string> {
  if (globals(command).baseUrl !== undefined)
    throw new UsageError("this command works on the files of this machine; leave out --base-url");
  // One that is stopping still holds the store, and answers no call any more.
  await afterStop();
  const running = await runningStore(command);
  const { engine, path } = running ?? configuredStore(configPath);
  if (engine !== "sqlite" || path === undefined)
    throw new UsageError(`the store's engine is "${engine}": it has no file`);
  return path;
}

function configuredStore(configPath: string | undefined): { engine: string; path: string } {
  const { store } = readConfig(configPath);
  return { engine: store.engine, path: store.path ?? resolvePaths(process.env).databaseFile };
}

function readConfig(path: string | undefined): Config {
  try {
    return loadConfig({ ...(path === undefined ? {} : { path }), cwd: process.cwd(), env: process.env });
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}

async function runningStore(command: Command): Promise<{ engine: string; path?: string } | undefined> {
  try {
    return await withClient(
      command,
      async (client) => (await client.system.status({ timeout: 3_000, retries: 0 })).store,
    );
  } catch (error) {
    if (error instanceof ParleyError && error.code === "daemon_unreachable") return undefined;
    throw error;
  }
}
