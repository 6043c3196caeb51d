import { existsSync } from "node:fs";
import { loadConfig } from "./config/load-config.js";
import { resolvePaths } from "./config/paths.js";
import { createDaemon } from "./daemon.js";
import type { CompiledValidators } from "./kernel/validate.js";

/** The daemon as a process: arguments, signals and exit codes; `daemon.ts` builds what it runs. */
const configIndex = process.argv.indexOf("--config");
const configPath = configIndex === -1 ? undefined : process.argv[configIndex + 1];

try {
  const config = loadConfig({
    ...(configPath === undefined ? {} : { path: configPath }),
    cwd: process.cwd(),
    env: process.env,
  });
  const daemon = await createDaemon({
    config,
    paths: resolvePaths(process.env),
    validators: await compiledValidators(),
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => daemon.stop());
  // The parent that started us waits for this; without one there is no channel.
  if (process.connected) process.send?.({ ready: true, address: daemon.address });
  process.exitCode = await daemon.ended;
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`parley: ${message}\n`);
  if (process.connected) process.send?.({ ready: false, message });
  process.exitCode = 1;
}
// A parent that waited only for the start has closed the channel already.
if (process.connected) process.disconnect();

/** What the build compiled; from sources there is nothing, and validators are compiled when they are first needed. */
async function compiledValidators(): Promise<CompiledValidators> {
  const file = new URL("./validators.js", import.meta.url);
  return existsSync(file) ? (await import(file.href)).validators : {};
}
