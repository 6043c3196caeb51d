import { type AppendResult, type Backend, BackendError, type NewEntry } from "../../src/kernel/backend.js";
import { settle } from "./simulation.js";

/** An append that the daemon issued and that waits for the test. */
export interface HeldAppend {
  readonly log: string;
  readonly entry: NewEntry;
  /** Lets it reach the disk; its answer still waits. */
  write(): Promise<void>;
  /** Gives the answer, after the write when that was not done before. */
  answer(): Promise<void>;
  /** Answers that nothing was written, as on a full disk. */
  refuse(): Promise<void>;
  /** The answer is lost; whether it is written depends on `write` before. */
  lose(): Promise<void>;
  readonly written: boolean;
}

/** A store on which chosen appends stay in flight until the test lets each of them go on. */
export class HeldStore {
  readonly backend: Backend;
  /** Appends that were held, in the order in which they were issued. */
  readonly held: HeldAppend[] = [];
  #holds: (log: string, entry: NewEntry) => boolean = () => false;

  constructor(inner: Backend) {
    this.backend = {
      ...methodsOf(inner),
      append: (log, entry) => {
        if (!this.#holds(log, entry)) return inner.append(log, entry);
        const { promise, resolve, reject } = Promise.withResolvers<AppendResult>();
        let written: Promise<AppendResult> | undefined;
        const write = (): Promise<AppendResult> => {
          written ??= inner.append(log, entry);
          return written;
        };
        this.held.push({
          log,
          entry,
          write: async () => void (await write()),
          async answer() {
            resolve(await write());
            await settle();
          },
          async refuse() {
            reject(new BackendError("full", "no space"));
            await settle();
          },
          async lose() {
            resolve({ outcome: "unknown", cause: new Error("the answer was lost") });
            await settle();
          },
          get written() {
            return written !== undefined;
          },
        });
        return promise;
      },
    };
  }

  /** From now on appends that `which` chooses are held. */
  hold(which: (log: string, entry: NewEntry) => boolean): void {
    this.#holds = which;
  }

  /** Nothing more is held. What is reaches the disk in its order; the answers come last to first, as they may. */
  async release(): Promise<void> {
    this.hold(() => false);
    const held = this.held.splice(0);
    for (const append of held) await append.write();
    for (const append of held.reverse()) await append.answer();
  }
}

/** A store's methods as an object, so that some can be replaced. */
export function methodsOf(inner: Backend): Backend {
  return {
    append: (log, entry) => inner.append(log, entry),
    read: (log, options) => inner.read(log, options),
    lastSeq: (log) => inner.lastSeq(log),
    tail: (log, options) => inner.tail(log, options),
    trim: (log, options) => inner.trim(log, options),
    get: (bucket, key) => inner.get(bucket, key),
    cas: (bucket, key, change) => inner.cas(bucket, key, change),
    list: (bucket, prefix) => inner.list(bucket, prefix),
    watch: (bucket, options) => inner.watch(bucket, options),
    signal: (topic, payload) => inner.signal(topic, payload),
    onSignal: (topic, listener) => inner.onSignal(topic, listener),
    info: () => inner.info(),
    close: () => inner.close(),
  };
}
