import { Worker } from "node:worker_threads";
import { BackendError } from "../../kernel/backend.js";
import type { Clock } from "../../kernel/clock.js";
import { closedError } from "../closed-error.js";
import * as protocol from "./protocol.js";
import { Recent } from "./recent.js";
import { writerScript } from "./writer-script.js";

const batchOps = 512;
const batchChars = 4 * 1024 * 1024;
/**
 * How long an op that nobody waits for may wait for one that somebody waits for, milliseconds. As the turns of the event
 * loop, this is the machine's time: it only gathers what is written anyway.
 */
const deferMs = 2;

/** What became of one op. */
export type OpResult =
  | { outcome: number; number: number }
  | { outcome: "unknown"; cause: BackendError }
  | { outcome: "failed"; error: BackendError };

interface PendingOp {
  fields: (string | number | null)[];
  chars: number;
  settle: (result: OpResult) => void;
}

/**
 * The main thread's end of the writer. Group commit: a batch is what queued while the last one was committed; when none
 * is under way, what one turn of the event loop brought goes at once, and takes along what was deferred: a commit costs
 * the same for one op and for many.
 */
export class Writer {
  /** What was acknowledged, or found on opening, and is not folded yet. */
  readonly recent = new Recent();
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #onFatal: (error: BackendError) => void;
  #queue: PendingOp[] = [];
  #inFlight: PendingOp[] | undefined;
  #scheduled = false;
  /** Somebody waits for what is queued. */
  #pressing = false;
  #deferred: NodeJS.Timeout | undefined;
  #failure: BackendError | undefined;
  #closing = false;
  readonly #exited = Promise.withResolvers<void>();

  private constructor(worker: Worker, clock: Clock, onFatal: (error: BackendError) => void) {
    this.#worker = worker;
    this.#clock = clock;
    this.#onFatal = onFatal;
    worker.on("message", (reply: protocol.WriterReply) => this.#receive(reply));
    worker.on("error", (error) => this.#died(error));
    worker.on("exit", () => this.#died(undefined));
  }

  /** Resolves when the database is open, locked for this process and up to date. */
  static async start(
    start: protocol.WriterStart,
    clock: Clock,
    onFatal: (error: BackendError) => void,
  ): Promise<Writer> {
    const { url, execArgv } = writerScript();
    const worker = new Worker(url, { workerData: start, execArgv, name: "sqlite-writer" });
    const first = Promise.withResolvers<protocol.WriterReply>();
    const failed = (cause?: unknown): void =>
      first.reject(new BackendError("io", "The storage writer's thread did not start.", { cause }));
    worker.once("message", first.resolve).once("error", failed).once("exit", failed);
    const reply = await first.promise;
    worker.off("error", failed).off("exit", failed);
    if (reply.type === "ready") return new Writer(worker, clock, onFatal);
    await worker.terminate();
    if (reply.type === "refused") throw fromWire(reply.error);
    throw new BackendError("io", `The storage writer's thread began with "${reply.type}".`);
  }

  /** Queues one op; never rejects. */
  submit(fields: (string | number | null)[], chars: number, deferrable = false): Promise<OpResult> {
    if (this.#failure) return Promise.resolve({ outcome: "failed", error: this.#failure });
    if (this.#closing) return Promise.resolve({ outcome: "failed", error: closedError() });
    return new Promise((settle) => {
      this.#queue.push({ fields, chars, settle });
      if (!deferrable) this.#pressing = true;
      this.#schedule();
    });
  }

  /** Waits for what was submitted, then releases the database. */
  close(): Promise<void> {
    this.#closing = this.#pressing = true;
    this.#schedule();
    return this.#exited.promise;
  }

  #schedule(): void {
    if (this.#inFlight || this.#scheduled) return;
    if (!this.#pressing) {
      this.#deferred ??= setTimeout(() => this.#flush(), deferMs).unref();
      return;
    }
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    clearTimeout(this.#deferred);
    this.#deferred = undefined;
    if (this.#inFlight) return;
    if (this.#queue.length === 0 || this.#failure) {
      if (this.#closing) this.#worker.postMessage([]);
      return;
    }
    let ops = 0;
    for (let chars = 0; ops < this.#queue.length && ops < batchOps && chars < batchChars; ops++)
      chars += this.#queue[ops]!.chars;
    this.#inFlight = ops === this.#queue.length ? this.#queue : this.#queue.slice(0, ops);
    this.#queue = ops === this.#queue.length ? [] : this.#queue.slice(ops);
    this.#pressing = this.#closing || this.#queue.length > 0;
    const batch: protocol.BatchMessage = [this.#clock.now()];
    for (const { fields } of this.#inFlight) batch.push(...fields);
    this.#worker.postMessage(batch);
  }

  #receive(reply: protocol.WriterReply): void {
    switch (reply.type) {
      case "done": {
        const batch = this.#takeInFlight();
        for (let at = 0; at < batch.length; at++) {
          const { fields, settle } = batch[at]!;
          const outcome = reply.results[2 * at]!;
          const number = reply.results[2 * at + 1]!;
          this.#note(fields, outcome, number);
          settle({ outcome, number });
        }
        break;
      }
      case "folded":
        this.recent.clear();
        return;
      case "failed": {
        const error = fromWire(reply.error);
        for (const op of this.#takeInFlight())
          op.settle(reply.uncertain ? { outcome: "unknown", cause: error } : { outcome: "failed", error });
        if (reply.fatal) this.#fail(error);
        break;
      }
      case "fatal":
        this.#fail(fromWire(reply.error));
        break;
      default:
        return;
    }
    if (this.#queue.length > 0 || this.#closing) this.#schedule();
  }

  /** Before anyone hears of it, so that a later "folded" certainly comes after what it covers. */
  #note(fields: PendingOp["fields"], outcome: number, number: number): void {
    if (fields[0] === protocol.append && outcome === protocol.committed) {
      const [, log, id, subject, body] = fields as [number, string, string, string, string];
      this.recent.add(log, { seq: number, id, subject, body });
    } else if (fields[0] === protocol.trim && number === 0) {
      this.recent.trim(fields[1] as string, fields[2] as number);
    }
  }

  #takeInFlight(): PendingOp[] {
    const batch = this.#inFlight ?? [];
    this.#inFlight = undefined;
    return batch;
  }

  /** Stops acknowledging: what waits was not written, and nothing later will be. */
  #fail(cause: BackendError): void {
    if (this.#failure) return;
    const code = cause.code === "corrupt" ? "corrupt" : "io";
    this.#failure = new BackendError(code, `The storage stopped: ${cause.message}`, { cause });
    for (const op of this.#queue.splice(0)) op.settle({ outcome: "failed", error: this.#failure });
    this.#onFatal(this.#failure);
  }

  #died(error: unknown): void {
    const cause = new BackendError("io", "The storage writer's thread ended.", { cause: error });
    for (const op of this.#takeInFlight()) op.settle({ outcome: "unknown", cause });
    if (!this.#closing) this.#fail(cause);
    for (const op of this.#queue.splice(0)) op.settle({ outcome: "failed", error: cause });
    this.#exited.resolve();
  }
}

function fromWire({ code, message }: protocol.WireError): BackendError {
  return new BackendError(code, message);
}
