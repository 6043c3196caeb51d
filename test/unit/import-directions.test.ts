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
  ["src/kernel/dispatch.ts", "../domains/messaging/comms/send.js", true],
  ["src/kernel/dispatch.ts", "../lib/keyed-queue.js", true],
  ["src/kernel/dispatch.ts", "fastify", true],
  ["src/lib/keyed-queue.ts", "../kernel/clock.js", false],
  ["src/lib/keyed-queue.ts", "../domains/messaging/ports.js", true],
  ["src/lib/keyed-queue.ts", "../storage/memory/open-memory.js", true],
  ["src/lib/keyed-queue.ts", "node:sqlite", true],
  ["src/domains/messaging/index.ts", "./comms/send.js", false],
  ["src/domains/messaging/index.ts", "../../lib/keyed-queue.js", false],
  ["src/domains/messaging/index.ts", "../federation/index.js", true],
  ["src/domains/messaging/index.ts", "../federation/links/links.js", true],
  ["src/domains/messaging/index.ts", "../federation/public.js", false],
  ["src/domains/messaging/comms/send.ts", "../ports.js", false],
  ["src/domains/messaging/comms/send.ts", "../inbox/mailbox.js", false],
  ["src/domains/messaging/comms/send.ts", "../../../kernel/clock.js", false],
  ["src/domains/messaging/comms/send.ts", "../../federation/links.js", true],
  ["src/domains/messaging/comms/send.ts", "../../federation/public.js", false],
  ["src/domains/messaging/comms/send.ts", "../../domain-yet-to-come/index.js", true],
  ["src/domains/messaging/comms/send.ts", "../../../surfaces/rest/surface.js", true],
  ["src/domains/messaging/comms/send.ts", "../../../storage/sqlite/open-sqlite.js", true],
  ["src/domains/messaging/comms/send.ts", "../../../platform/watch-path.js", true],
  ["src/domains/messaging/comms/send.ts", "node:net", true],
  ["src/domains/messaging/comms/send.ts", "node:sqlite", true],
  ["src/domains/messaging/store/inbox/mailbox.ts", "../../model/claim.js", false],
  ["src/domains/messaging/store/inbox/mailbox.ts", "../../../../kernel/clock.js", false],
  ["src/domains/messaging/store/inbox/mailbox.ts", "../../../federation/links.js", true],
  ["src/domains/messaging/store/inbox/mailbox.ts", "../../../federation/public.js", false],
  ["src/domains/federation/routes/link-route.ts", "../../../platform/watch-path.js", false],
  ["src/domains/federation/routes/link-route.ts", "../../../surfaces/http/reply.js", false],
  ["src/domains/federation/routes/link-route.ts", "../../../surfaces/rest/surface.js", true],
  ["src/domains/federation/routes/link-route.ts", "../../../auth/token-store.js", true],
  ["src/domains/federation/routes/link-route.ts", "../../messaging/ports.js", true],
  ["src/domains/federation/routes/link-route.ts", "ws", false],
  ["src/domains/system/routes/docs/explorer.ts", "fastify", false],
  ["src/domains/system/routes/docs/explorer.ts", "../../../../auth/token-store.js", true],
  ["src/domains/system/routes/docs/explorer.ts", "../../../messaging/ports.js", true],
  ["src/surfaces/rest/surface.ts", "../../domains/messaging/comms/send.js", true],
  ["src/surfaces/rest/surface.ts", "../http/raw-call.js", false],
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
