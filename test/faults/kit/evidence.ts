import { cpSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Keeps a copy of the folder of a store that broke a promise, beside the run's results; its name tells seed and cycle. */
export function keepEvidence(path: string, where: string): void {
  const name = where.replaceAll(/[^a-z0-9]+/gi, "-");
  cpSync(dirname(path), fileURLToPath(new URL(`../results/${name}`, import.meta.url)), { recursive: true });
}
