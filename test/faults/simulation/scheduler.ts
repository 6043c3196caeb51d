import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../../src/kernel/clock.js";
import { type Seeded, seeded } from "../kit/seeded.js";

/** No world takes so many, unless it runs in circles. */
const mostSteps = 100_000;

interface Task {
  readonly at: number;
  readonly order: number;
  readonly label: string;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * All time and all order of one simulated world. Whatever is asynchronous waits here for its virtual time, which the
 * seed decides; between two steps everything runs that can run without time passing.
 */
export class Scheduler {
  readonly random: Seeded;
  /** Virtual milliseconds since the beginning. */
  now = 0;
  /** What the machine's wall clock is wrong by, milliseconds. */
  wallError = 0;
  /** How often the wall clock was set. */
  wallSteps = 0;
  readonly #tasks: Task[] = [];
  readonly #trace: string[] = [];
  #count = 0;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  after(delayMs: number, label: string, run: () => void): () => void {
    const task: Task = {
      at: this.now + Math.max(0, delayMs),
      order: this.#count++,
      label,
      run,
      cancelled: false,
    };
    this.#push(task);
    return () => {
      task.cancelled = true;
    };
  }

  sleep(delayMs: number, label = "sleep"): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, label, resolve));
  }

  /** A clock for one process: it counts from the process's start, and stops with it. */
  clock(alive: () => boolean): Clock {
    const start = this.now;
    return {
      now: () => Date.UTC(2026, 0, 1) + Math.floor(this.now + this.wallError),
      monotonic: () => this.now - start,
      elapsed: () => this.now,
      // As Node's timers, which never take less than a millisecond.
      after: (delayMs, callback) => this.after(Math.max(1, delayMs), "timer", () => alive() && callback()),
    };
  }

  /** What happened, for the proof that a seed replays. */
  note(what: string): void {
    this.#trace.push(`${this.now} ${what}`);
  }

  /** Fingerprint of everything that happened, in order. */
  digest(): string {
    return createHash("sha256").update(this.#trace.join("\n")).digest("hex");
  }

  get trace(): readonly string[] {
    return this.#trace;
  }

  /** Runs until `done`; false when the virtual time, the work or the patience ended before. */
  async run(done: () => boolean, until: number): Promise<boolean> {
    await nextTurn();
    while (!done()) {
      const task = this.#pop();
      if (task === undefined || this.#trace.length > mostSteps) return false;
      if (task.at > until) {
        this.#push(task);
        this.now = until;
        return false;
      }
      if (task.cancelled) continue;
      this.now = task.at;
      this.note(task.label);
      task.run();
      await nextTurn();
    }
    return true;
  }

  #push(task: Task): void {
    const tasks = this.#tasks;
    let at = tasks.length;
    tasks.push(task);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(task, tasks[parent]!)) break;
      tasks[at] = tasks[parent]!;
      at = parent;
    }
    tasks[at] = task;
  }

  #pop(): Task | undefined {
    const tasks = this.#tasks;
    const first = tasks[0];
    const last = tasks.pop();
    if (first === undefined || last === undefined || tasks.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= tasks.length) break;
      if (child + 1 < tasks.length && isBefore(tasks[child + 1]!, tasks[child]!)) child += 1;
      if (!isBefore(tasks[child]!, last)) break;
      tasks[at] = tasks[child]!;
      at = child;
    }
    tasks[at] = last;
    return first;
  }
}

function isBefore(one: Task, other: Task): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
