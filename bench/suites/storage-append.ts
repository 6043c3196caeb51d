import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Benchmark, Result } from "../benchmark.js";
import { ratio } from "../kit/compare.js";
import { interleave } from "../kit/interleave.js";
import { start } from "../kit/process.js";

interface Sample {
  rate: number;
}

const inFlight = [1, 8, 64, 256] as const;
const bytes = 250;

/** The sqlite engine's durable appends against a file that is appended to and synced for each record. */
export const storageAppend: Benchmark = {
  name: "storage-append",
  summary: "sqlite engine, durable appends at 1/8/64/256 in flight, against append + fdatasync one by one",
  async run({ rounds, durationMs }): Promise<Result[]> {
    const folder = mkdtempSync(join(tmpdir(), "parley-append-"));
    try {
      const append = (clients: number) => async (): Promise<Sample> => {
        const path = join(folder, `${clients}-${performance.now()}.db`);
        await using child = await start({
          side: "server",
          script: "kit/append-child.ts",
          args: [path, String(clients), String(bytes), String(durationMs)],
        });
        return child.ready as Sample;
      };
      const samples = await interleave<string, Sample>(rounds, {
        floor: async () => {
          await using child = await start({
            side: "server",
            script: "yardsticks/synced-append.ts",
            args: [folder, "2000", String(bytes)],
          });
          return child.ready as Sample;
        },
        ...Object.fromEntries(inFlight.map((clients) => [`n${clients}`, append(clients)])),
      });
      return inFlight.map((clients) =>
        ratio(
          `storage: appends/s, ${clients} in flight`,
          samples[`n${clients}`]!,
          samples.floor!,
          (s) => s.rate,
        ),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
