import { join } from "node:path";
import type { Command } from "commander";
import { ParleyError, type SystemStatusResponse, type Token } from "../../../../sdks/typescript/src/index.js";
import { type Config, loadConfig } from "../../../config/load-config.js";
import { type Paths, resolvePaths } from "../../../config/paths.js";
import { findDaemonProcess } from "../../../platform/discovery-file.js";
import { withClient } from "../../client.js";

/** What the checks look at, found out once. */
export interface Surroundings {
  paths: Paths;
  /** An error when the config has a mistake; the checks then go by the defaults. */
  config: Config | Error;
  /** The running daemon, or why it does not answer. */
  daemon: SystemStatusResponse | Error;
  /** The daemon's tokens; undefined when it does not answer or does not list them to this caller. */
  tokens: readonly Token[] | undefined;
  /** The store's file; undefined when it is in memory. */
  storePath: string | undefined;
  logPath: string;
}

export async function lookAround(configPath: string | undefined, command: Command): Promise<Surroundings> {
  const paths = resolvePaths(process.env);
  const daemon = await askDaemon(command);
  // A running daemon names the config that it was started with.
  const running = daemon instanceof Error ? undefined : daemon;
  const config = readConfig(configPath ?? running?.config_path);
  const values = config instanceof Error ? undefined : config;
  const engine = running?.store.engine ?? values?.store.engine ?? "sqlite";
  return {
    paths,
    config,
    daemon,
    tokens: daemon instanceof Error ? undefined : await listTokens(command),
    storePath:
      engine === "sqlite" ? (running?.store.path ?? values?.store.path ?? paths.databaseFile) : undefined,
    logPath:
      findDaemonProcess(paths.discoveryFile)?.log_file ??
      values?.log.file ??
      join(paths.stateDir, "daemon.log"),
  };
}

async function askDaemon(command: Command): Promise<SystemStatusResponse | Error> {
  try {
    return await withClient(command, (client) => client.system.status({ timeout: 3_000, retries: 0 }));
  } catch (error) {
    if (error instanceof ParleyError) return error;
    throw error;
  }
}

async function listTokens(command: Command): Promise<readonly Token[] | undefined> {
  try {
    const options = { timeout: 3_000, retries: 0 };
    return (await withClient(command, (client) => client.system.listTokens(options))).tokens;
  } catch (error) {
    if (error instanceof ParleyError) return undefined;
    throw error;
  }
}

function readConfig(path: string | undefined): Config | Error {
  try {
    return loadConfig({ ...(path === undefined ? {} : { path }), cwd: process.cwd(), env: process.env });
  } catch (error) {
    return error as Error;
  }
}
