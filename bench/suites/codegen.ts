import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generatedFolders } from "../../codegen/emit/index.js";
import type { Benchmark, Result } from "../benchmark.js";
import { type CommandSample, runCommand } from "../kit/command.js";
import { amount, ratio } from "../kit/compare.js";
import { interleave } from "../kit/interleave.js";
import { root } from "../kit/process.js";
import { median, spread } from "../kit/stats.js";

const copied = [
  "package.json",
  "schemas",
  "codegen",
  "scripts",
  "src",
  "openapi.yaml",
  "contract-version.json",
];

/**
 * Everything from the schemas, Python's part included, against openapi-typescript making types of openapi.yaml. hey-api,
 * whose time the bar adds to the yardstick, is left out: that makes the bar harder.
 */
export const codegen: Benchmark = {
  name: "codegen",
  summary: "codegen of the whole contract, all outputs missing and none stale, against openapi-typescript",
  async run({ rounds }): Promise<Result[]> {
    const folder = mkdtempSync(join(tmpdir(), "parley-codegen-"));
    try {
      for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true });
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      const generate = (): CommandSample =>
        runCommand(process.execPath, ["--import", "./scripts/ts.mjs", "codegen/main.ts"], {
          times: 1,
          cwd: folder,
        });
      const samples = await interleave<"full" | "noOp" | "peer", CommandSample>(rounds, {
        full: async () => {
          for (const generated of generatedFolders)
            rmSync(join(folder, generated), { recursive: true, force: true });
          return generate();
        },
        noOp: async () => {
          generate();
          return generate();
        },
        peer: async () =>
          runCommand(
            process.execPath,
            ["node_modules/openapi-typescript/bin/cli.js", "openapi.yaml", "-o", join(folder, "peer.ts")],
            { times: 1, cwd: folder },
          ),
      });
      const time = ({ milliseconds }: CommandSample): number => milliseconds;
      return [
        ratio("codegen.time", samples.full, samples.peer, time, "ms"),
        {
          check: "codegen.no-op",
          figure: spread(samples.noOp.map(time)),
          unit: "ms",
          detail: `CPU ${amount(median(samples.noOp.map(({ cpuMs }) => cpuMs)), "ms")}`,
        },
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
