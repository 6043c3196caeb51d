import type { Benchmark, Result } from "../benchmark.js";
import { type CommandSample, runCommand } from "../kit/command.js";
import { ratio } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";

const times = 9;

/** What typing a command costs above starting Node. */
export const cliStart: Benchmark = {
  name: "cli-start",
  summary: "`parley peers --json` over the local socket and `parley --version`, against `node -e 0`",
  async run({ rounds }): Promise<Result[]> {
    await using daemon = await startDaemon({ engine: "memory" });
    await openSession(daemon, "sink");
    const run = (...args: string[]) => {
      return async (): Promise<CommandSample> =>
        runCommand(process.execPath, args, { times, env: daemon.env });
    };
    const samples = await interleave<"peers" | "version" | "node", CommandSample>(rounds, {
      peers: run("dist/cli.cjs", "peers", "--json"),
      version: run("dist/cli.cjs", "--version"),
      node: run("-e", "0"),
    });
    const time = ({ milliseconds }: CommandSample): number => milliseconds;
    const cpu = ({ cpuMs }: CommandSample): number => cpuMs;
    return [
      ratio("cli.time", samples.peers, samples.node, time, "ms"),
      ratio("CLI local command: CPU", samples.peers, samples.node, cpu, "ms"),
      ratio("CLI `--version`: time", samples.version, samples.node, time, "ms"),
    ];
  },
};
