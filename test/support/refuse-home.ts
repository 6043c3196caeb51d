import childProcess from "node:child_process";
import { appendFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/**
 * Refuses to start processes that would find the home of the user who runs the tests: with that HOME, or with none, for
 * which a process asks the password file. Holds for every function of `node:child_process`, in this process.
 */
export function refuseHome(usersHome: string): void {
  const check = (home: string | undefined, command: string): void => {
    if (home !== undefined && home !== usersHome) return;
    const text = `a process was started with ${home === undefined ? "no HOME" : "the user's HOME"}: ${command}`;
    appendFileSync(process.env.PARLEY_TEST_TRESPASS!, `${text}\n`);
    throw new Error(`${text}; pass an environment whose HOME is a folder of the test`);
  };
  const prototype = childProcess.ChildProcess.prototype as unknown as {
    spawn(options: { file: string; envPairs: string[] }): unknown;
  };
  const { spawn } = prototype;
  prototype.spawn = function (options) {
    const pair = options.envPairs.findLast((text) => text.startsWith("HOME="));
    check(pair?.slice("HOME=".length), options.file);
    return spawn.call(this, options);
  };
  for (const name of ["spawnSync", "execFileSync", "execSync"] as const) {
    const original = childProcess[name] as (...args: unknown[]) => unknown;
    const checked = (...args: unknown[]): unknown => {
      check(environmentOf(args).HOME, String(args[0]));
      return original(...args);
    };
    Object.assign(childProcess, { [name]: checked });
  }
  syncBuiltinESMExports();
}

/** The environment that a synchronous call gives to its process: of its options, else this process's own. */
function environmentOf(args: readonly unknown[]): NodeJS.ProcessEnv {
  const options = args.find(
    (value): value is { env?: NodeJS.ProcessEnv } =>
      typeof value === "object" && value !== null && !Array.isArray(value),
  );
  return options?.env ?? process.env;
}
