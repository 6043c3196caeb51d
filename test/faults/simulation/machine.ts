import type { Seeded } from "../kit/seeded.js";
import type { Disk } from "./disk.js";
import { Process, type ProcessOptions } from "./process.js";
import type { Scheduler } from "./scheduler.js";

/** The machine that the daemon runs on: ends it at bad moments and starts it again. */
export class Machine {
  /** The serving process; undefined while there is none. */
  process: Process | undefined;
  lives = 0;
  readonly #scheduler: Scheduler;
  readonly #disk: Disk;
  readonly #options: ProcessOptions;
  #starting = false;
  /** Some crashes are followed by a long time without a daemon. */
  longOutages = false;
  readonly #outages: Seeded;

  constructor(scheduler: Scheduler, disk: Disk, options: ProcessOptions) {
    this.#scheduler = scheduler;
    this.#disk = disk;
    this.#options = options;
    this.#outages = scheduler.random.fork(4);
    disk.onUnknown = () => {
      // The embedded engine takes the process down when it cannot tell what is on disk; another may go on.
      if (scheduler.random.chance(0.5))
        scheduler.after(scheduler.random.next() * 5, "fatal", () => this.crash());
    };
  }

  /** Starts the daemon, as often as it takes. */
  async up(): Promise<void> {
    if (this.#starting || this.process !== undefined) return;
    this.#starting = true;
    for (;;) {
      this.lives += 1;
      const process = new Process(this.#scheduler, this.#disk, `life ${this.lives}`, this.#options);
      const started = await process.start().then(
        () => true,
        () => false,
      );
      if (started) {
        this.#scheduler.note("daemon serves");
        this.process = process;
        this.#starting = false;
        return;
      }
      process.kill();
      await this.#scheduler.sleep(1_000, "start again");
    }
  }

  crash(): void {
    const { process } = this;
    if (process === undefined) return;
    this.process = undefined;
    process.kill();
    const awayMs = this.longOutages && this.#outages.chance(0.2) ? 40_000 : 0;
    this.#scheduler.after(awayMs + this.#scheduler.random.next() * 5_000, "start", () => void this.up());
  }

  async stop(): Promise<void> {
    const { process } = this;
    if (process === undefined || process.running.stopped) return;
    this.process = undefined;
    await process.stop();
    this.#scheduler.after(this.#scheduler.random.next() * 2_000, "start", () => void this.up());
  }
}
