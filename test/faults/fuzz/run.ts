import { localCall, startDaemon, type TestDaemon } from "../../support/daemon.js";
import { impatient } from "../abuse/slow.js";
import { watch } from "../abuse/watch.js";
import type { FaultRun } from "../kit/fault-run.js";
import { type Seeded, seeded } from "../kit/seeded.js";
import { type Caller, httpCallers, rpcCaller } from "./callers.js";
import { fuzzEnvelopes } from "./envelopes.js";
import { fuzzFrames } from "./frames.js";
import { fuzzHeads } from "./heads.js";
import { InputFuzz, type InputResult } from "./inputs.js";
import { keptInputs } from "./kept.js";
import { fuzzSettings } from "./settings.js";

const MiB = 1024 * 1024;
/** Memory that a process may have more after the last input than after the first tenth: what the collector still owes. */
const slack = 96 * MiB;
/** Of all inputs; the rest are requests of the contract's operations. */
const shares = { envelopes: 0.15, heads: 0.15, frames: 0.05, settings: 0.05 };

/** A cycle is one input. Each part draws from the seed by itself, so that a part replays alone. */
export const faultRun: FaultRun = {
  id: "r14",
  promise: "No input makes the daemon crash, fail inside, hang or grow; all surfaces judge it alike.",
  long: 100_000,
  short: 3_000,
  async run({ cycles, seed, progress }) {
    const random = seeded(seed);
    const share = (name: keyof typeof shares): number => Math.round(cycles * shares[name]);
    const rest =
      cycles - Object.keys(shares).reduce((sum, name) => sum + share(name as keyof typeof shares), 0);
    const settings = fuzzSettings(random.fork(0), share("settings"));
    await using daemon = await startDaemon({ config: "[log]\nlevel = 'warn'\n" });
    const process = watch(daemon);
    const inputs = await sayInputs(daemon, random.fork(1), rest, progress);
    const token = await withoutStop(daemon);
    const envelopes = await fuzzEnvelopes(daemon.address, token, random.fork(2), share("envelopes"));
    const stall = await process.stall();
    const health = await flawOfEnd(daemon);
    progress?.(rest + share("envelopes"));

    // Of its own, because its patience ends early.
    await using hasty = await startDaemon({ config: `[log]\nlevel = 'warn'\n${impatient}` });
    const port = Number(new URL(hasty.address).port);
    const hastyToken = await withoutStop(hasty);
    const atRest = watch(hasty).fds();
    const heads = await fuzzHeads(port, hastyToken, random.fork(3), share("heads"));
    const frames = await fuzzFrames(port, hastyToken, random.fork(4), share("frames"));
    await watch(hasty).settled(atRest);
    const hastyHealth = await flawOfEnd(hasty);
    progress?.(cycles);
    return {
      figures: {
        inputs: inputs.inputs,
        answers: inputs.answers,
        accepted: inputs.accepted,
        messages: share("envelopes"),
        heads: share("heads"),
        frame_rows: share("frames"),
        settings: share("settings"),
        rss_growth_mib: Math.round(inputs.growth / MiB),
        longest_stall_ms: Math.round(stall),
      },
      broken: [
        ...settings,
        ...inputs.broken,
        ...envelopes,
        ...heads,
        ...frames,
        ...health,
        ...hastyHealth,
        ...(inputs.growth > slack ? [`memory grew by ${Math.round(inputs.growth / MiB)} MiB`] : []),
      ],
    };
  },
};

/** The kept inputs, then new ones; with them how much memory grew after the first tenth. */
async function sayInputs(
  daemon: TestDaemon,
  random: Seeded,
  count: number,
  progress: ((done: number) => void) | undefined,
): Promise<InputResult & { growth: number }> {
  const callers: Caller[] = [...httpCallers(daemon.address), rpcCaller(daemon.address)];
  try {
    const fuzz = await InputFuzz.start(daemon, callers);
    for (const [name, row] of Object.entries(keptInputs)) await fuzz.replay(name, row);
    const warm = Math.round(count / 10);
    let before = 0;
    await fuzz.run(random, count, (done) => {
      if (done <= warm) before = watch(daemon).rss();
      progress?.(done);
    });
    return { ...fuzz.result, growth: watch(daemon).rss() - before };
  } finally {
    for (const caller of callers) caller.close();
  }
}

/** A token that may do everything but end the daemon. */
async function withoutStop(daemon: TestDaemon): Promise<string> {
  const { body } = await localCall(daemon.socketPath, "POST", "/tokens", {
    name: "fuzzer",
    scopes: ["system:read", "sessions:read", "sessions:write", "comms:read", "comms:write"],
    sessions: ["*"],
  });
  return (body as { secret: string }).secret;
}

/** What the daemon says of itself when all is over, and what it said on the way. */
async function flawOfEnd(daemon: TestDaemon): Promise<string[]> {
  const { status } = await localCall(daemon.socketPath, "GET", "/healthz");
  const errors = daemon.output.split("\n").filter((line) => line.includes('"level":"error"'));
  return [
    ...(status === 200 ? [] : [`the daemon is not healthy afterwards: ${status}`]),
    ...errors.slice(0, 5).map((line) => `the daemon logged ${line.slice(0, 1_000)}`),
  ];
}
