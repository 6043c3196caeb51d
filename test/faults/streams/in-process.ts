import { setImmediate as nextTurn } from "node:timers/promises";
import type { Backend } from "../../../src/kernel/backend.js";
import type { Clock } from "../../../src/kernel/clock.js";
import type { Principal } from "../../../src/kernel/context.js";
import { openMemory } from "../../../src/storage/memory/open-memory.js";
import { HeldStore } from "../../support/held-store.js";
import { FaultyBackend, seededIds, settle } from "../../support/simulation.js";
import { principalNamed, World } from "../../support/world.js";
import type { Seeded } from "../kit/seeded.js";
import { ttlMs } from "./model.js";
import { RaceClock } from "./race-clock.js";
import { watchListeners } from "./watch-listeners.js";

/** Time and sequences of earlier interactions must not reach into the next one's. */
const limits = { reservationTtlMs: ttlMs, interactionKeepMs: 60_000, dedupeWindowMs: 60_000 };

/** The planes on a store that outlives them, and on a clock that the moves drive. */
export class InProcess {
  readonly clock = new RaceClock();
  readonly store: Backend = openMemory({ clock: this.clock });
  /** What stands between the planes and the store: appends that it holds are in flight. */
  readonly held = new HeldStore(this.store);
  readonly #seed: string;
  readonly #listeners = watchListeners();
  world!: World<Clock>;
  principal!: Principal;
  #life = 0;
  #die: () => void = () => {};

  readonly #slow: Seeded | undefined;
  #stamps = 0;

  private constructor(seed: string, slow: Seeded | undefined) {
    this.#seed = seed;
    this.#slow = slow;
  }

  /** With `slow` appends reach the store after some turns of the loop, in their order; answers come later, in any order. */
  static async start(seed: string, slow?: Seeded): Promise<InProcess> {
    const started = new InProcess(seed, slow);
    await started.#begin();
    for (const name of ["bob", "eve"]) await started.world.call("sessions.open", { name, ttl_ms: 0 });
    const policy = { peer_request: "hold" as const };
    await started.world.call("sessions.open", { name: "carol", ttl_ms: 0, inbound_policy: policy });
    return started;
  }

  /** Listeners on interactions' logs. */
  get listeners(): number {
    return this.#listeners.count();
  }

  /** The time, each moment told from the one before it. */
  stamp(): number {
    this.#stamps += 1;
    return this.clock.monotonic() + this.#stamps * 1e-6;
  }

  /** Lets others go on. */
  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await nextTurn();
  }

  async restart(): Promise<void> {
    await this.world.stop();
    await this.#begin();
  }

  /** The process is gone between two steps: nothing of it is heard of again, and what was stored stays. */
  async crash(): Promise<void> {
    this.#die();
    this.#listeners.forget();
    await this.#begin();
  }

  async stop(): Promise<void> {
    await this.world.stop();
    this.#die();
    this.#listeners[Symbol.dispose]();
  }

  async #begin(): Promise<void> {
    const { clock, end } = this.clock.lifetime();
    const disk = new FaultyBackend(this.held.backend, undefined);
    this.#die = () => {
      end();
      disk.kill();
    };
    this.#life += 1;
    this.principal = principalNamed("local");
    const ids = seededIds(clock, `${this.#seed} ${this.#life}`);
    this.world = new World<Clock>({ clock, backend: this.#slowed(disk.backend), ids, limits });
    await this.world.sessions.start();
    await this.world.comms.start();
    await settle(6);
  }

  #slowed(backend: Backend): Backend {
    const slow = this.#slow;
    if (slow === undefined) return backend;
    const later = async <T>(answer: Promise<T>): Promise<T> => {
      await this.turns(slow.between(0, 2));
      return answer;
    };
    // What queued meanwhile is written together, as by a group commit.
    let commit: Promise<void> | undefined;
    return {
      ...backend,
      append: (log, entry) => {
        commit ??= this.turns(slow.between(0, 1)).then(() => {
          commit = undefined;
        });
        return later(commit.then(() => backend.append(log, entry)));
      },
      read: (log, options) => later(backend.read(log, options)),
    };
  }
}
