import type { Backend } from "../../../src/kernel/backend.js";
import { createValidators, type Validators } from "../../../src/kernel/validate.js";
import { host } from "./host.js";
import { judge } from "./judge.js";
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
}

export interface SimulateOptions {
  /** Wraps the store with a fault of the program itself. */
  spoil?: (inner: Backend) => Backend;
  moves?: Moves;
  /** Compiled before, for a bundle, which lies where there are no packages. */
  validators?: Validators;
}

const allMoves: Moves = { repeats: true };
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
  const sending = Promise.all(senders.map((name) => sender(world, name, hosts, 5)));
  brew(world, moves);
  await scheduler.run(broken, scheduler.now + stormMs);
  settle(world);
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

/** From here on nothing breaks. */
function settle(world: SimulatedWorld): void {
  world.calm = true;
  world.disk.faults = { readError: 0, writeError: 0, unknown: 0, stall: 0 };
  world.disk.fullUntil = 0;
  world.network.faults = { requestLost: 0, replyLost: 0, duplicated: 0, cut: 0, slow: 0, repeated: 0 };
}
