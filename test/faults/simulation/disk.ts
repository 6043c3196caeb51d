import { type Backend, BackendError } from "../../../src/kernel/backend.js";
import { openMemory } from "../../../src/storage/memory/open-memory.js";
import type { Running } from "./running.js";
import type { Scheduler } from "./scheduler.js";

/** How often storage misbehaves, per call. */
export interface DiskFaults {
  readError: number;
  writeError: number;
  unknown: number;
  /** A call that takes up to half a second. */
  stall: number;
}

interface PendingWrite {
  readonly apply: () => Promise<unknown>;
}

/** What survives a crash, and what stands in for the disk under it. */
export class Disk {
  readonly #scheduler: Scheduler;
  readonly stored: Backend;
  faults: DiskFaults = { readError: 0, writeError: 0, unknown: 0, stall: 0 };
  /** Virtual time until which every write is refused, as on a full disk. */
  fullUntil = 0;
  /** Told when an outcome was lost: a real engine stops the process then. */
  onUnknown: () => void = () => {};

  /** `spoil` wraps the store with a fault of the program itself, for the proof that the checks see it. */
  constructor(scheduler: Scheduler, spoil: (inner: Backend) => Backend) {
    this.#scheduler = scheduler;
    const clock = { ...scheduler.clock(() => true), after: () => () => {} };
    this.stored = spoil(openMemory({ clock }));
  }

  /** The store as one process sees it: slow, now and then failing, and silent once the process is dead. */
  attach(running: Running): AttachedDisk {
    return new AttachedDisk(this.#scheduler, this, running);
  }
}

export class AttachedDisk {
  readonly backend: Backend;
  readonly #scheduler: Scheduler;
  readonly #disk: Disk;
  readonly #running: Running;
  /** Writes that were handed over and are not done, in order. */
  #pending: PendingWrite[] = [];
  #lastEffect = 0;
  #dead = false;

  constructor(scheduler: Scheduler, disk: Disk, running: Running) {
    this.#scheduler = scheduler;
    this.#disk = disk;
    this.#running = running;
    const { stored } = disk;
    const lost = { outcome: "unknown", cause: new Error("the answer of the disk was lost") } as const;
    this.backend = {
      append: (log, entry) => this.#write(`append ${log.slice(0, 3)}`, () => stored.append(log, entry), lost),
      cas: (bucket, key, change) => this.#write("cas", () => stored.cas(bucket, key, change), lost),
      trim: (log, options) => this.#write("trim", () => stored.trim(log, options), undefined),
      read: (log, options) => this.#read(() => stored.read(log, options)),
      lastSeq: (log) => this.#read(() => stored.lastSeq(log)),
      get: (bucket, key) => this.#read(() => stored.get(bucket, key)),
      list: (bucket, prefix) => this.#read(() => stored.list(bucket, prefix)),
      tail: (log, options) => stored.tail(log, options),
      watch: (bucket, options) => stored.watch(bucket, options),
      signal: () => {},
      onSignal: () => () => {},
      info: () => stored.info(),
      close: async () => {},
    };
  }

  /** The process dies: of the writes under way the first few happened, the others never will. */
  kill(): void {
    this.#dead = true;
    const happened = this.#scheduler.random.between(0, this.#pending.length);
    this.#scheduler.note(`crash with ${happened} of ${this.#pending.length} writes`);
    for (const { apply } of this.#pending.slice(0, happened)) void apply().catch(() => {});
    this.#pending = [];
  }

  /** Effects come in the order of the calls; their answers in any. */
  #write<T>(label: string, apply: () => Promise<T>, lost: T): Promise<T> {
    const { random } = this.#scheduler;
    const { faults, fullUntil } = this.#disk;
    const refused = this.#scheduler.now < fullUntil || random.chance(faults.writeError);
    const unknown = !refused && random.chance(faults.unknown);
    const happens = !refused && (!unknown || random.chance(0.5));
    return new Promise((resolve, reject) => {
      if (this.#dead) return;
      const write: PendingWrite = { apply };
      if (happens) this.#pending.push(write);
      this.#lastEffect = Math.max(this.#lastEffect + 1e-6, this.#scheduler.now + this.#delay());
      this.#after(this.#lastEffect - this.#scheduler.now, label, () => {
        if (this.#dead) return;
        this.#pending = this.#pending.filter((one) => one !== write);
        const result = happens ? apply() : undefined;
        result?.catch(() => {});
        this.#after(this.#delay(), `${label} answered`, () => {
          if (this.#dead) return;
          if (refused) return reject(new BackendError("full", "no space"));
          if (!unknown) return resolve(result!);
          this.#disk.onUnknown();
          resolve(lost);
        });
      });
    });
  }

  #read<T>(run: () => Promise<T>): Promise<T> {
    const fails = this.#scheduler.random.chance(this.#disk.faults.readError);
    return new Promise((resolve, reject) => {
      this.#after(this.#delay(), "read", () => {
        if (this.#dead) return;
        const result = run();
        result.catch(() => {});
        this.#after(this.#delay(), "read answered", () => {
          if (this.#dead) return;
          if (fails) reject(new BackendError("io", "the disk did not answer"));
          else resolve(result);
        });
      });
    });
  }

  /** The process's own threads write and read: they stop with it. */
  #after(delayMs: number, label: string, work: () => void): void {
    this.#scheduler.after(delayMs, label, () => this.#running.run(work));
  }

  #delay(): number {
    const { random } = this.#scheduler;
    return random.chance(this.#disk.faults.stall) ? random.next() * 500 : random.next() * 2;
  }
}
