import { startDaemon, type TestDaemon } from "../../support/daemon.js";
import type { FaultOptions, FaultRun } from "../kit/fault-run.js";
import { type Seeded, seeded } from "../kit/seeded.js";
import { LeaseClient } from "./lease-clients.js";
import { type LeaseInput, type LeaseOutput, leaseModel } from "./lease-model.js";
import { overLives } from "./lives.js";
import { Recorder } from "./recorder.js";
import { Party } from "./reservation-clients.js";
import { type ReservationInput, type ReservationOutput, reservationModel } from "./reservation-model.js";
import { Scene } from "./scene.js";

/** Short, so that reservations run out among the others' moves. */
const ttlMs = 250;
/** Daemon and clients read the same machine's clock, whole milliseconds there. */
const slackMs = 3;
/** At most: each lease client has one call under way, each party up to five. */
const leaseClients = 24;
const parties = 8;
const enough = 20;

export interface HistoriesOptions extends FaultOptions {
  operations: number;
  kills: number;
  /** Changes what a client was told, to see that the run is red then. */
  lie?: (output: LeaseOutput | ReservationOutput, random: Seeded) => LeaseOutput | ReservationOutput;
}

export const faultRun: FaultRun = {
  id: "r3",
  promise:
    "Whatever many clients see of session names' leases and of reservations, over kills too, has an order in which each moved alone; a fence is never given twice.",
  long: 200,
  short: 3,
  /** A cycle is a history. */
  run: (options) =>
    runHistories({ ...options, operations: options.brief ? 600 : 5_000, kills: options.brief ? 1 : 3 }),
};

export async function runHistories(options: HistoriesOptions): ReturnType<FaultRun["run"]> {
  const { cycles, seed, progress } = options;
  const figures = {
    histories: 0,
    operations: 0,
    unknown: 0,
    names: 0,
    reservations: 0,
    kills: 0,
    visited: 0,
  };
  const broken: string[] = [];
  await using daemon = await startDaemon({ config: `[comms]\nreservation_ttl_ms = ${ttlMs}\n` });
  for (let history = 0; history < cycles && broken.length < enough; history += 1) {
    const told = await oneHistory(daemon, options, history);
    figures.histories += 1;
    for (const [name, count] of Object.entries(told.figures)) figures[name as keyof typeof figures] += count;
    broken.push(...told.broken.map((what) => `seed ${seed} history ${history}: ${what}`));
    progress?.(history + 1);
  }
  return { figures, broken };
}

type Figures = Record<"operations" | "unknown" | "names" | "reservations" | "kills" | "visited", number>;

async function oneHistory(
  daemon: TestDaemon,
  { seed, operations, kills, lie }: HistoriesOptions,
  history: number,
): Promise<{ figures: Figures; broken: string[] }> {
  const random = seeded(seed).fork(history);
  const leases = new Recorder<LeaseInput, LeaseOutput>();
  const reservations = new Recorder<ReservationInput, ReservationOutput>();
  const made = new Map<string, { from: number; by: number }>();
  const done = (): number => leases.operations + reservations.operations;
  const scene = new Scene(daemon, history, operations, done);
  await scene.begin();
  const clients = Array.from(
    { length: leaseClients },
    (_, id) => new LeaseClient(scene, random.fork(id), leases, id),
  );
  let old: Party[] = [];
  for (let life = 0; life <= kills; life += 1) {
    const here: Party[] = [];
    const worker = async (id: number): Promise<void> => {
      const own = random.fork(1_000 + life * 100 + id);
      for (let party = old.pop(); party !== undefined && scene.goesOn(); party = old.pop())
        await party.run(false);
      while (scene.goesOn()) {
        const party = new Party(scene, own.fork(here.length), reservations);
        const reserved = await party.reserve();
        if (reserved === undefined) continue;
        made.set(reserved.interaction, reserved);
        here.push(party);
        await party.run(true);
      }
    };
    const work = Promise.all([
      ...clients.map((client) => client.run()),
      ...Array.from({ length: parties }, (_, id) => worker(id)),
    ]);
    let killed = 0;
    if (life < kills) {
      const at = ((life + random.next()) * operations) / (kills + 1);
      await until(() => done() >= at || !scene.goesOn());
      killed = leases.now();
      await scene.kill();
    }
    await work;
    if (life === kills) break;
    await scene.restart();
    leases.restarted(killed, "done");
    reservations.restarted(killed, "done");
    // Those of the end of the last life are asked again in the next.
    old = here.slice(-2 * parties);
  }
  scene.end();
  if (lie !== undefined) {
    leases.falsify((output) => lie(output, random) as LeaseOutput);
    reservations.falsify((output) => lie(output, random) as ReservationOutput);
  }
  const ofLeases = leases.judge(() => overLives(leaseModel(slackMs)));
  const ofReservations = reservations.judge((interaction) =>
    overLives(reservationModel({ made: made.get(interaction)!, ttlMs, slackMs })),
  );
  return {
    figures: {
      operations: done(),
      unknown: leases.unknown + reservations.unknown,
      names: leases.histories.size,
      reservations: reservations.histories.size,
      kills,
      visited: ofLeases.visited + ofReservations.visited,
    },
    broken: [...scene.broken, ...ofLeases.broken, ...ofReservations.broken],
  };
}

/** Asks again with every turn of the loop. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
