import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The repository that is tested. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** A copy of a part of the repository that a test may spoil; removed when the test ends. */
export interface Tree {
  root: string;
  edit(path: string, change: (text: string) => string): void;
  write(path: string, text: string): void;
  remove(path: string): void;
}

/** Everything that the gates read, without installed packages. */
const contractFiles: readonly string[] = [
  "schemas",
  "src/generated",
  "sdks/typescript/src/generated",
  "sdks/typescript/package.json",
  "sdks/python/src/parley/_generated",
  "sdks/python/pyproject.toml",
  "docs/reference",
  "test/golden/surfaces",
  "contract-version.json",
  "openapi.yaml",
  "package.json",
];

/** Copies files and folders of the repository to a temporary folder. */
export function copyTree(paths: readonly string[] = contractFiles): Tree {
  const copy = mkdtempSync(join(tmpdir(), "parley-gate-"));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  for (const path of paths)
    if (existsSync(join(root, path))) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      cpSync(join(root, path), join(copy, path), {
        recursive: true,
        filter: (source) => !source.includes("__pycache__"),
      });
    }
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  };
  return {
    root: copy,
    write,
    remove: (path) => rmSync(join(copy, path)),
    edit: (path, change) => {
      const before = readFileSync(join(copy, path), "utf8");
      const after = change(before);
      // A mutation that changes nothing would prove nothing.
      if (after === before) throw new Error(`the mutation of ${path} found nothing to change`);
      write(path, after);
    },
  };
}
