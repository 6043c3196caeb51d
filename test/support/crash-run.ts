import type { CommsLimits } from "../../src/domains/messaging/ports.js";
import type { Backend } from "../../src/kernel/backend.js";
import { openMemory } from "../../src/storage/memory/open-memory.js";
import { SimulatedClock } from "./simulated-clock.js";
import { type Fault, FaultyBackend, settle } from "./simulation.js";
import { World } from "./world.js";

export const faultKinds = ["halt", "halt_after", "error", "unknown", "unknown_stored"] as const;

export interface CrashRun {
  limits?: Partial<CommsLimits>;
  work(world: World): Promise<void>;
  /** Looks at what the store has, with a daemon of its own. */
  check(store: Backend, clock: SimulatedClock): Promise<void>;
}

/** Works until it is done or the fault has halted the daemon, and checks what is left; returns how many writes there were. */
export async function runWithFault({ limits, work, check }: CrashRun, fault?: Fault): Promise<number> {
  const clock = new SimulatedClock();
  const store = openMemory({ clock });
  const faulty = new FaultyBackend(store, fault);
  const options = { backend: faulty.backend, clock, seed: "before" };
  const world = await World.start(limits === undefined ? options : { ...options, limits });
  await Promise.race([work(world).catch(() => {}), faulty.halted]);
  await settle();
  if (!fault?.kind.startsWith("halt")) {
    // The daemon lives on: what was late is written without a restart.
    clock.advance(1_000);
    await settle();
  }
  // Timers of the process that is gone must not act on.
  world.comms.close().catch(() => {});
  await check(store, clock);
  return faulty.writes;
}

/** Runs with the fault at each write in turn; `run` returns how many writes there are. */
export async function atEveryWrite(
  kind: Fault["kind"],
  run: (fault?: Fault) => Promise<number>,
): Promise<number> {
  const writes = await run();
  for (let atWrite = 1; atWrite <= writes; atWrite += 1)
    await run({ kind, atWrite }).catch((error: unknown) => {
      throw new Error(`with ${kind} at write ${atWrite} of ${writes}`, { cause: error });
    });
  return writes;
}
