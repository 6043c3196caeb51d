import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("fixtures", import.meta.url));

/** The schema versions of which a store is kept, each as `writeStore` left it when that version was the present one. */
export function storedVersions(): number[] {
  return readdirSync(folder)
    .filter((name) => /^schema-\d+\.db$/.test(name))
    .map((name) => Number(name.slice("schema-".length, -".db".length)))
    .sort((one, other) => one - other);
}

export function fixturePath(version: number): string {
  return join(folder, `schema-${version}.db`);
}

/** Puts a kept store where a daemon would look for it, with its write-ahead log. */
export function copyFixture(version: number, to: string): void {
  for (const end of ["", "-wal"])
    if (existsSync(fixturePath(version) + end)) copyFileSync(fixturePath(version) + end, to + end);
}
