import { existsSync, readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";

/** Looks at the tree below `root` and answers with what is wrong, one sentence each that says what to do. */
export type Gate = (root: string) => string[] | Promise<string[]>;

/** The text of a file, null when there is none. */
export function readText(root: string, path: string): string | null {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

const skipped = new Set(["node_modules", ".git", ".venv", "dist", "__pycache__", ".cache", "coverage"]);

/** Files below `folder`, relative to the root, sorted; `schemas/dist` counts, built and installed folders do not. */
export function walk(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) return entry.isFile() ? [path] : [];
      return skipped.has(entry.name) && path !== "schemas/dist" ? [] : walk(root, path);
    })
    .sort();
}

/** Runs a TypeScript module without imports of values, for example a generated table, and gives its exports. */
export async function loadTable(root: string, path: string): Promise<Record<string, unknown>> {
  const text = readText(root, path);
  if (text === null) return {};
  const script = stripTypeScriptTypes(text);
  return await import(`data:text/javascript;base64,${Buffer.from(script).toString("base64")}`);
}

/** Names the differences between what should be and what is. */
export function compareSets(
  expected: Iterable<string>,
  actual: Iterable<string>,
  missing: (item: string) => string,
  extra: (item: string) => string,
): string[] {
  const wanted = new Set(expected);
  const found = new Set(actual);
  return [
    ...[...wanted].filter((item) => !found.has(item)).map(missing),
    ...[...found].filter((item) => !wanted.has(item)).map(extra),
  ];
}
