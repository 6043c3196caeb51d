import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FaultRun } from "./kit/fault-run.js";

/** Every run, by number. A folder with a `run.ts` is one; it exports it as `faultRun`. */
export async function faultRuns(): Promise<FaultRun[]> {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const folders = readdirSync(here).filter((name) => existsSync(`${here}${name}/run.ts`));
  const modules = await Promise.all(
    folders.map((name) => import(`./${name}/run.js`) as Promise<{ faultRun: FaultRun }>),
  );
  const number = ({ id }: FaultRun): number => Number(id.slice(1));
  return modules.map(({ faultRun }) => faultRun).sort((one, other) => number(one) - number(other));
}
