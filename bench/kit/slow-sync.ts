import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./process.js";

/** Compiles the library that makes every sync of a file take 2 ms longer; undefined where there is no C compiler. */
export function buildSlowSync(): string | undefined {
  const library = join(mkdtempSync(join(tmpdir(), "parley-shim-")), "slow-fsync.so");
  const source = join(root, "bench/yardsticks/slow-fsync.c");
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]);
  return built.status === 0 ? library : undefined;
}
