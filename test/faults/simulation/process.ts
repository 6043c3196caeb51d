import { type CommsPlane, createCommsPlane } from "../../../src/domains/messaging/comms-plane.js";
import type { CommsLimits } from "../../../src/domains/messaging/ports.js";
import { createSessionsPlane, type SessionsPlane } from "../../../src/domains/messaging/sessions-plane.js";
import type { Backend } from "../../../src/kernel/backend.js";
import type { Clock } from "../../../src/kernel/clock.js";
import type { Call } from "../../../src/kernel/context.js";
import { createDispatch, type Dispatch, handlerTable } from "../../../src/kernel/dispatch.js";
import type { Ids } from "../../../src/kernel/ids.js";
import { silentLogger } from "../../../src/kernel/logger.js";
import type { Validators } from "../../../src/kernel/validate.js";
import { seededIds } from "../../support/simulation.js";
import type { AttachedDisk, Disk } from "./disk.js";
import { Running } from "./running.js";
import type { Scheduler } from "./scheduler.js";

export interface ProcessOptions {
  limits: Partial<CommsLimits>;
  validators: Validators;
}

/** One life of the daemon: its planes behind the dispatcher, as the composition root wires them, without sockets. */
export class Process {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly dispatch: Dispatch;
  readonly sessions: SessionsPlane;
  /** Aborts when the process is gone. */
  readonly gone = new AbortController();
  readonly running: Running;
  /** Calls whose connection is open. */
  readonly calls = new Set<Call>();
  readonly #comms: CommsPlane;
  readonly #disk: AttachedDisk;

  constructor(scheduler: Scheduler, disk: Disk, life: string, { limits, validators }: ProcessOptions) {
    this.running = new Running(scheduler);
    this.clock = stoppable(
      scheduler.clock(() => !this.gone.signal.aborted),
      this.running,
    );
    this.ids = seededIds(this.clock, life);
    this.#disk = disk.attach(this.running);
    const backend: Backend = this.#disk.backend;
    const shared = { backend, clock: this.clock, ids: this.ids, log: silentLogger };
    this.sessions = createSessionsPlane({ ...shared, inboxes: () => this.#comms.inboxes });
    this.#comms = createCommsPlane({ ...shared, directory: this.sessions.directory, limits });
    this.dispatch = createDispatch({
      handlers: handlerTable({
        system: {} as never,
        endpoints: {} as never,
        sessions: this.sessions.handlers,
        comms: this.#comms.handlers,
      }),
      validators,
      sessionOwner: (name) => this.sessions.directory.byName(name)?.principal,
    });
  }

  async start(): Promise<void> {
    await this.sessions.start();
    await this.#comms.start();
  }

  kill(): void {
    this.#disk.kill();
    this.gone.abort();
    // Nobody hears what becomes of them; it only lets go of what they hold on to.
    for (const call of this.calls) call.cancel();
  }

  /** As the composition root stops: streams end, calls finish, then nothing more. */
  async stop(): Promise<void> {
    await this.#comms.close();
    const drained = this.dispatch.drain();
    const cut = this.clock.after(1_000, () => {
      for (const call of this.calls) call.cancel();
    });
    await drained;
    cut();
    await this.sessions.close();
    this.kill();
  }
}

/** The clock of a process that may be stopped: what it did not live through does not count. */
function stoppable(clock: Clock, running: Running): Clock {
  const monotonic = (): number => clock.monotonic() - running.lost;
  return {
    ...clock,
    monotonic,
    after(delayMs, callback) {
      const due = monotonic() + delayMs;
      let cancel: () => void;
      const wait = (ms: number): void => {
        cancel = clock.after(ms, () =>
          running.run(() => {
            const left = due - monotonic();
            if (left < 1) callback();
            else wait(left);
          }),
        );
      };
      wait(delayMs);
      return () => cancel();
    },
  };
}
