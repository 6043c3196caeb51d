import { cpSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Keeps a copy of the folder of a store that broke a promise, and what its daemon printed, beside the run's results; the
 * name tells seed and cycle.
 */
export function keepEvidence(path: string, where: string, printed = ""): void {
  const name = where.replaceAll(/[^a-z0-9]+/gi, "-");
  const folder = fileURLToPath(new URL(`../results/${name}`, import.meta.url));
  cpSync(dirname(path), folder, { recursive: true });
  writeFileSync(`${folder}/daemon.log`, printed);
}
