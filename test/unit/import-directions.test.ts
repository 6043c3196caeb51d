import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** File, what it imports, and whether the linter must refuse it. */
const cases: [file: string, specifier: string, refused: boolean][] = [
  ["src/generated/types.ts", "../kernel/clock.js", true],
  ["src/kernel/dispatch.ts", "../generated/errors.js", false],
  ["src/kernel/dispatch.ts", "../planes/comms/send.js", true],
  ["src/kernel/dispatch.ts", "fastify", true],
  ["src/planes/comms/send.ts", "./ports.js", false],
  ["src/planes/comms/send.ts", "../../kernel/clock.js", false],
  ["src/planes/comms/send.ts", "../sessions/index.js", true],
  ["src/planes/comms/send.ts", "../../surfaces/rest/surface.js", true],
  ["src/planes/comms/send.ts", "../../storage/sqlite/open-sqlite.js", true],
  ["src/planes/comms/send.ts", "node:net", true],
  ["src/planes/comms/send.ts", "node:sqlite", true],
  ["src/surfaces/rest/surface.ts", "../../planes/comms/index.js", true],
  ["src/surfaces/rest/surface.ts", "../raw-call.js", false],
  ["src/raw/metrics/serve.ts", "../../platform/discovery-file.js", false],
  ["src/raw/metrics/serve.ts", "../../auth/token-store.js", true],
  ["src/storage/sqlite/writer.ts", "../../auth/token-store.js", true],
  ["src/auth/token-store.ts", "../config/paths.js", true],
  ["src/cli/main.ts", "../kernel/dispatch.js", true],
  ["src/cli/main.ts", "../config/paths.js", true],
  ["src/cli/local/up.ts", "../../config/paths.js", false],
  ["src/cli/local/up.ts", "../../storage/memory/open-memory.js", true],
  ["src/cli/local/backup.ts", "../../storage/sqlite/open-sqlite.js", true],
  ["src/cli/local/backup.ts", "../../storage/sqlite/offline/backup-database.js", false],
  ["codegen/load.ts", "../src/kernel/clock.js", true],
  ["sdks/typescript/src/runtime/call.ts", "../../../../src/kernel/clock.js", true],
  ["console/main.ts", "../src/kernel/clock.js", true],
];

describe("[project.import-directions] the linter enforces the directions of imports", () => {
  test.each(cases)("%s importing %s", (file, specifier, refused) => {
    const folder = mkdtempSync(join(tmpdir(), "parley-lint-"));
    try {
      copyFileSync(join(root, "biome.json"), join(folder, "biome.json"));
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(
        join(folder, file),
        `import { thing } from "${specifier}";\n\nexport const used = thing;\n`,
      );
      const lint = spawnSync(
        process.execPath,
        [
          join(root, "node_modules/@biomejs/biome/bin/biome"),
          "lint",
          "--vcs-enabled=false",
          "--only=style/noRestrictedImports",
          file,
        ],
        { cwd: folder, encoding: "utf8" },
      );
      const output = lint.stdout + lint.stderr;
      expect(output.includes("noRestrictedImports"), output).toBe(refused);
      expect(lint.status === 0, output).toBe(!refused);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
