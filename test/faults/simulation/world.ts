import { type Scope, scopes } from "../../../src/generated/operations.js";
import type { Backend } from "../../../src/kernel/backend.js";
import type { Principal } from "../../../src/kernel/context.js";
import type { Validators } from "../../../src/kernel/validate.js";
import { uncapped } from "../../support/uncapped.js";
import { Disk } from "./disk.js";
import { Ledger } from "./ledger.js";
import { Machine } from "./machine.js";
import { type Caller, Network } from "./network.js";
import { patientName } from "./patient-host.js";
import { Scheduler } from "./scheduler.js";

/** What the actors of one simulation share. */
export class SimulatedWorld {
  readonly scheduler: Scheduler;
  readonly disk: Disk;
  readonly machine: Machine;
  readonly network: Network;
  readonly ledger: Ledger;
  /** Old events are trimmed in this one. */
  readonly trims: boolean;
  /** So many copies of answers are listed. */
  readonly answersListed: number;
  /** From then on nothing breaks any more, and everything must come to its end. */
  calm = false;

  constructor(seed: number, spoil: (inner: Backend) => Backend, validators: Validators) {
    const scheduler = new Scheduler(seed);
    this.scheduler = scheduler;
    this.disk = new Disk(scheduler, spoil);
    this.trims = scheduler.random.chance(0.3);
    this.answersListed = scheduler.random.fork(1).pick([1, 2, 256]);
    const limits = {
      ...uncapped,
      inboxMax: scheduler.random.pick([4, 64]),
      answersListed: this.answersListed,
      sessionEventsMax: this.trims ? 64 : 10_000,
      reservationTtlMs: 30_000,
      // Mailboxes come and go all the time, or stay.
      ...(scheduler.random.chance(0.8) ? { idleMailboxBytes: 0 } : {}),
    };
    this.machine = new Machine(scheduler, this.disk, { limits, validators });
    this.ledger = new Ledger(scheduler);
    this.network = new Network(scheduler, this.machine, this.ledger);
  }

  caller(name: string): Caller {
    return { principal: principal(name), session: `user-${name}` };
  }

  /** The same question until it is answered with yes, or with a no that `final` takes as one. */
  async insist<T>(ask: () => Promise<T>, final: (error: unknown) => boolean): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (final(error)) throw error;
        await this.scheduler.sleep(200 + this.scheduler.random.next() * 2_000, "try again");
      }
    }
  }
}

/** The sessions that hosts serve. */
export const hosts = ["alpha", "beta"];

function principal(name: string): Principal {
  return {
    name,
    kind: "token",
    scopes: new Set<Scope>(scopes),
    // Senders also feed the hosts with input, which is for who may use them.
    sessions: [...hosts, patientName],
    ended: new AbortController().signal,
  };
}
