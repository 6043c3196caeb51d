import type { Backend } from "../../../src/kernel/backend.js";
import { createValidators, type Validators } from "../../../src/kernel/validate.js";
import { host } from "./host.js";
import { judge } from "./judge.js";
import { PatientHost, patientName } from "./patient-host.js";
import { sender } from "./sender.js";
import { hosts, SimulatedWorld } from "./world.js";

export interface Simulation {
  /** Empty when everything held. */
  violations: string[];
  /** Fingerprint of all that happened, in its order. */
  digest: string;
  trace: readonly string[];
  steps: number;
  calls: number;
  /** Calls that came again while the first try was in flight. */
  repeats: number;
  /** Works that the patient host completed. */
  completed: number;
  crashes: number;
  virtualMs: number;
}

const senders = ["ann", "ben", "cleo"];
/** The time for which everything breaks. */
const stormMs = 120_000;
/** By then the storm's last call must have its answer. */
const patienceMs = 30 * 60_000;
/** Longer than the longest piece of work of a host that is gone, a claim and a lease together. */
const restMs = 400_000;

/** What may happen beside the faults of the first worlds. Without them a seed's world is what it was before. */
export interface Moves {
  /** Clients repeat calls while the first try is in flight. */
  repeats: boolean;
  /**
   * Daemon and hosts are stopped and continue, some crashes last, and a host of the SDK serves a session of its own over
   * all of it.
   */
  outages: boolean;
}

export interface SimulateOptions {
  /** Wraps the store with a fault of the program itself. */
  spoil?: (inner: Backend) => Backend;
  moves?: Moves;
  /** Compiled before, for a bundle, which lies where there are no packages. */
  validators?: Validators;
}

const allMoves: Moves = { repeats: true, outages: true };
let compiled: Validators | undefined;

/** One world from its seed: a storm, then calm, then the judgement. */
export async function simulate(
  seed: number,
  { spoil = (inner) => inner, moves = allMoves, validators }: SimulateOptions = {},
): Promise<Simulation> {
  compiled ??= validators ?? createValidators();
  const world = new SimulatedWorld(seed, spoil, compiled);
  const { scheduler, machine, ledger, network } = world;
  const finish = (): Simulation => ({
    violations: ledger.violations,
    digest: scheduler.digest(),
    trace: scheduler.trace,
    steps: scheduler.trace.length,
    calls: network.calls,
    repeats: network.repeats,
    completed: ledger.works.size,
    crashes: machine.lives - 1,
    virtualMs: Math.round(scheduler.now),
  });
  const broken = (): boolean => ledger.violations.length > 0;
  const within = async (what: string, work: Promise<unknown>, ms: number): Promise<boolean> => {
    let done = false;
    let failure: unknown;
    void work.then(
      () => (done = true),
      (error: unknown) => {
        failure = error;
        done = true;
      },
    );
    const ended = await scheduler.run(() => done || broken(), scheduler.now + ms);
    if (!ended) ledger.violated(`${what} did not end`);
    if (failure !== undefined)
      ledger.violated(`${what}: ${failure instanceof Error ? failure.stack : String(failure)}`);
    return !broken();
  };

  if (!(await within("the first start", machine.up(), 60_000))) return finish();
  for (const name of hosts) void host(world, name);
  const patient = moves.outages ? new PatientHost(world) : undefined;
  patient?.serve().then(
    () => ledger.violated("the patient host ended"),
    (error: unknown) => ledger.violated(`the patient host gave up: ${String(error)}`),
  );
  const served = patient === undefined ? hosts : [...hosts, patientName];
  const sending = Promise.all(senders.map((name) => sender(world, name, served, 5)));
  brew(world, moves);
  if (patient !== undefined) stopNowAndThen(world, patient);
  await scheduler.run(broken, scheduler.now + stormMs);
  settle(world);
  machine.process?.running.continue();
  patient?.running.continue();
  if (!(await within("the senders' work", sending, patienceMs))) return finish();
  await scheduler.run(broken, scheduler.now + restMs);
  machine.crash();
  await scheduler.run(() => broken() || machine.process !== undefined, scheduler.now + 60_000);
  if (!broken()) await within("the judgement", judge(world, senders), patienceMs);
  machine.process?.kill();
  return finish();
}

/** Sets the storm going. */
function brew(world: SimulatedWorld, { repeats }: Moves): void {
  const { scheduler, machine, disk, network } = world;
  const { random } = scheduler;
  const some = (most: number): number => (random.chance(0.3) ? 0 : random.next() * most);
  disk.faults = { readError: some(0.01), writeError: some(0.05), unknown: some(0.02), stall: some(0.1) };
  network.faults = {
    requestLost: some(0.1),
    replyLost: some(0.1),
    duplicated: some(0.2),
    cut: some(0.1),
    slow: some(0.05),
    repeated: repeats ? random.fork(2).next() : 0,
  };
  const again = (meanMs: number, label: string, happen: () => void): void => {
    if (random.chance(0.3)) return;
    const arm = (): void => {
      scheduler.after(random.next() * 2 * meanMs, label, () => {
        if (world.calm) return;
        happen();
        arm();
      });
    };
    arm();
  };
  again(20_000, "crash", () => machine.crash());
  again(60_000, "stop", () => void machine.stop());
  again(50_000, "disk full", () => {
    disk.fullUntil = scheduler.now + random.next() * 5_000;
  });
  again(60_000, "wall clock steps", () => {
    scheduler.wallError = random.pick([-3_600_000, 0, 3_600_000]);
    scheduler.wallSteps += 1;
  });
}

/** Stops the daemon, the host, or both, as a closed lid does. */
function stopNowAndThen(world: SimulatedWorld, patient: PatientHost): void {
  const { scheduler, machine } = world;
  const random = scheduler.random.fork(5);
  machine.longOutages = random.chance(0.5);
  const meanMs = random.pick([15_000, 40_000]);
  const arm = (): void => {
    scheduler.after(random.next() * 2 * meanMs, "stop and continue", () => {
      if (world.calm) return;
      const ms = random.pick([5_000, 5_000, 5_000, 35_000, 90_000]);
      const which = random.pick(["daemon", "host", "both"]);
      if (which !== "host") machine.process?.running.stop(ms);
      if (which !== "daemon") patient.running.stop(ms);
      arm();
    });
  };
  arm();
}

/** From here on nothing breaks. */
function settle(world: SimulatedWorld): void {
  world.calm = true;
  world.disk.faults = { readError: 0, writeError: 0, unknown: 0, stall: 0 };
  world.disk.fullUntil = 0;
  world.network.faults = { requestLost: 0, replyLost: 0, duplicated: 0, cut: 0, slow: 0, repeated: 0 };
}
