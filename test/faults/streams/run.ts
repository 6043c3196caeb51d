import { setImmediate as nextTurn } from "node:timers/promises";
import type { FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import { explore } from "./explore.js";
import { InProcess } from "./in-process.js";
import { partMs, story, ttlMs } from "./model.js";
import { Race } from "./race.js";

/** Races at once, on one clock and one store. */
const together = 32;
/** A world is given up after so many batches: its logs are in memory. */
const worldBatches = 16;
const enough = 20;

export const faultRun: FaultRun = {
  id: "r5",
  promise:
    "However readers race for one interaction's stream with its end, its time and one another, the answers have an order, it ends in one state, and no event is missing, doubled or out of order.",
  long: 1_000_000,
  short: 10_000,
  /** The long form begins with every order of a reader's moves, one further than CI goes. */
  async run({ cycles, seed, progress, brief }) {
    const orders = brief
      ? undefined
      : await explore({ depth: 6, from: story, times: { close: 2 }, merge: true });
    const random = seeded(seed);
    const broken: string[] = orders?.broken === undefined ? [] : [orders.broken];
    const ends = new Map<string, number>();
    let [races, steps, overlapping] = [0, 0, 0];
    const started = process.cpuUsage();
    let daemon: InProcess | undefined;
    for (let batch = 0; races < cycles && broken.length < enough; batch += 1) {
      if (batch % worldBatches === 0) {
        await daemon?.stop();
        daemon = await InProcess.start(`${seed} ${batch}`, random.fork(batch));
      }
      const inProcess = daemon!;
      const count = Math.min(together, cycles - races);
      const own = random.fork(batch);
      const all = await Promise.all(
        Array.from({ length: count }, (_, n) => Race.reserve(inProcess, own.fork(n))),
      );
      await letThemRun(inProcess, own, all);
      for (const [n, race] of all.entries()) {
        await race.judge();
        for (const what of race.broken) broken.push(`seed ${seed} race ${races + n}: ${what}`);
        steps += race.history.length;
        if (race.overlaps) overlapping += 1;
        ends.set(race.end, (ends.get(race.end) ?? 0) + 1);
      }
      const { streams, reservations } = inProcess.world.comms.stats();
      if (streams + reservations + inProcess.listeners > 0)
        broken.push(
          `seed ${seed} batch ${batch}: ${streams} streams, ${reservations} reservations and ${inProcess.listeners} listeners are left`,
        );
      races += count;
      progress?.(races);
    }
    await daemon?.stop();
    const { user, system } = process.cpuUsage(started);
    return {
      figures: {
        ...(orders === undefined ? {} : { orders: orders.sequences }),
        races,
        steps,
        with_overlapping_steps: overlapping,
        ...Object.fromEntries([...ends].sort()),
        cpu_us_per_race: Math.round((user + system) / races),
      },
      broken,
    };
  },
};

/** Time goes on beside the races, in leaps, with its timers late or not; in the end all of it is over. */
async function letThemRun(
  daemon: InProcess,
  random: ReturnType<typeof seeded>,
  races: readonly Race[],
): Promise<void> {
  let over = false;
  const running = Promise.all(races.map((race) => race.run())).finally(() => {
    over = true;
  });
  while (!over) {
    await daemon.turns(random.between(1, 4));
    if (random.chance(0.06)) daemon.clock.pass(random.pick([partMs, ttlMs]));
    if (random.chance(0.4)) daemon.clock.fire();
  }
  await running;
  for (const race of races) race.leave();
  daemon.clock.pass(ttlMs);
  daemon.clock.fire();
  await nextTurn();
}
