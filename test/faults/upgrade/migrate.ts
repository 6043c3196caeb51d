import { fork } from "node:child_process";

/** When the migrating process is killed: before a statement of its migration, or milliseconds after it began. */
export type Kill = { statement: number } | { afterMs: number };

/** Runs the bundled `migrating-process.ts` on a store: how long it took, milliseconds, or that it was killed. */
export function migrate(program: string, path: string, kill?: Kill): Promise<number | "killed"> {
  const args = kill !== undefined && "statement" in kill ? [path, `${kill.statement}`] : [path];
  return new Promise((resolve, reject) => {
    const child = fork(program, args, { execArgv: [], silent: true });
    let tookMs: number | undefined;
    let errors = "";
    child.stderr!.on("data", (text) => (errors += text));
    child.on("message", (told) => {
      if (typeof told === "number") tookMs = told;
      else if (kill !== undefined && "afterMs" in kill) setTimeout(() => child.kill("SIGKILL"), kill.afterMs);
    });
    child.on("exit", (code) => {
      if (tookMs !== undefined) resolve(tookMs);
      else if (code === null) resolve("killed");
      else reject(new Error(`the migrating process ended with ${code}: ${errors}`));
    });
  });
}
