import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Benchmark, Result } from "../benchmark.js";
import { ratio } from "../kit/compare.js";
import { interleave } from "../kit/interleave.js";
import { start } from "../kit/process.js";

interface Sample {
  rate: number;
  /** CPU of the process per append; the floor has none. */
  cpuMicros?: number;
}

const cases = [
  { inFlight: 1, logs: 1 },
  { inFlight: 8, logs: 1 },
  { inFlight: 64, logs: 1 },
  { inFlight: 256, logs: 1 },
  { inFlight: 64, logs: 128 },
] as const;
const bytes = 250;

const nameOf = ({ inFlight, logs }: (typeof cases)[number]): string => `n${inFlight} over ${logs}`;

/** The sqlite engine's durable appends against a file that is appended to and synced for each record. */
export const storageAppend: Benchmark = {
  name: "storage-append",
  summary: "sqlite engine, durable appends at 1/8/64/256 in flight, to one log and to 128",
  async run({ rounds, durationMs }): Promise<Result[]> {
    const folder = mkdtempSync(join(tmpdir(), "parley-append-"));
    try {
      const append = (inFlight: number, logs: number) => async (): Promise<Sample> => {
        const path = join(folder, `${inFlight}-${logs}-${performance.now()}.db`);
        await using child = await start({
          side: "server",
          script: "kit/append-child.ts",
          args: [path, inFlight, bytes, durationMs, logs].map(String),
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
        ...Object.fromEntries(cases.map((one) => [nameOf(one), append(one.inFlight, one.logs)])),
      });
      const rates = cases.map((one) => {
        const logs = one.logs === 1 ? "" : ` over ${one.logs} logs`;
        const name = `storage: appends/s, ${one.inFlight} in flight${logs}`;
        return ratio(name, samples[nameOf(one)]!, samples.floor!, ({ rate }) => rate);
      });
      const [oneLog, manyLogs] = [cases[2], cases[4]].map((one) => samples[nameOf(one)]!);
      const cpu = "storage: CPU of an append, 128 logs to one, 64 in flight";
      return [...rates, ratio(cpu, manyLogs!, oneLog!, ({ cpuMicros }) => cpuMicros!, "us")];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
