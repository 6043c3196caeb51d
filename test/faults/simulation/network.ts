import { type OperationTypes, operations, type UnaryOperationId } from "../../../src/generated/operations.js";
import type {
  CommsStreamEvent,
  CommsStreamRequest,
  CommsStreamResponse,
} from "../../../src/generated/types.js";
import { Call, type Principal } from "../../../src/kernel/context.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import { silentLogger } from "../../../src/kernel/logger.js";
import type { Seeded } from "../kit/seeded.js";
import type { Ledger } from "./ledger.js";
import type { Machine } from "./machine.js";
import type { Process } from "./process.js";
import type { Scheduler } from "./scheduler.js";

/** How often the network misbehaves, per call. */
export interface NetworkFaults {
  requestLost: number;
  replyLost: number;
  duplicated: number;
  cut: number;
  slow: number;
  /** Calls that their client repeats while the first try is in flight. */
  repeated: number;
}

/** One arrival of a call at the daemon. */
interface Delivery<Id extends UnaryOperationId> {
  readonly process: Process;
  readonly id: Id;
  readonly request: OperationTypes[Id]["request"];
  readonly caller: Caller;
}

/** The call came to nothing that the client knows of: it may have happened. */
export class ConnectionLost extends Error {}

/** One for all: where it was thrown tells nothing, and a trace costs more than a simulated call. */
const connectionLost = new ConnectionLost("the connection was lost");

/** Who calls. */
export interface Caller {
  readonly principal: Principal;
  readonly session: string;
  /** The WebSocket that its calls share; absent for calls with a connection each. */
  connection?: string;
}

/** No call may take longer than the longest timeout class. */
const hangMs = 80_000;

/** Between the clients and the dispatcher: delays, loses, repeats and cuts. */
export class Network {
  faults: NetworkFaults = { requestLost: 0, replyLost: 0, duplicated: 0, cut: 0, slow: 0, repeated: 0 };
  readonly #scheduler: Scheduler;
  readonly #machine: Machine;
  readonly #ledger: Ledger;
  /** A generator of its own: without repeats a seed's world is what it was before there were any. */
  readonly #repeating: Seeded;
  calls = 0;
  /** Calls that came again while the first try was in flight. */
  repeats = 0;

  constructor(scheduler: Scheduler, machine: Machine, ledger: Ledger) {
    this.#scheduler = scheduler;
    this.#machine = machine;
    this.#ledger = ledger;
    this.#repeating = scheduler.random.fork(1);
  }

  /** Rejects with ConnectionLost, or with the daemon's ContractError. */
  async call<Id extends UnaryOperationId>(
    id: Id,
    request: OperationTypes[Id]["request"],
    caller: Caller,
    repeatable = false,
  ): Promise<OperationTypes[Id]["response"]> {
    const { random } = this.#scheduler;
    this.calls += 1;
    await this.#travel();
    if (random.chance(this.faults.requestLost)) return this.#lose();
    const { process } = this.#machine;
    if (process === undefined) return this.#lose();
    const delivery = { process, id, request, caller };
    if (repeatable && random.chance(this.faults.duplicated))
      void this.#travel().then(() => this.#deliver(delivery).catch(() => {}));
    const replyLost = random.chance(this.faults.replyLost);
    const cutAfter = random.chance(this.faults.cut) ? random.next() * 20 : undefined;
    const first = this.#deliver(delivery, cutAfter);
    const repeats = repeatable && this.#repeating.chance(this.faults.repeated);
    const reply = await (repeats ? this.#repeat(delivery, first) : first);
    await this.#travel();
    if (replyLost) return this.#lose();
    return reply;
  }

  /** Opens a stream and hands over its events one by one until it ends or the reader's `cut` aborts. */
  async stream(
    request: CommsStreamRequest,
    caller: Caller,
    reader: {
      cut: AbortSignal;
      /** A cut connection may look alive to the daemon for a while. */
      halfOpen: boolean;
      opened(response: CommsStreamResponse, connectionId: string): void;
      event(event: CommsStreamEvent): void;
    },
  ): Promise<string> {
    await this.#travel();
    const { process } = this.#machine;
    if (process === undefined) return this.#lose();
    if (process.running.stopped)
      await Promise.race([process.running.turn(), whenAborted(process.gone.signal)]);
    const call = this.#callOf(process, caller);
    const isOver = (): boolean => reader.cut.aborted || process.gone.signal.aborted;
    const lost = whenAborted(reader.cut, process.gone.signal);
    try {
      const open = await Promise.race([
        process.dispatch.stream("comms.stream", structuredClone(request), call),
        lost,
      ]);
      await this.#travel();
      if (isOver()) throw connectionLost;
      reader.opened(open.opened as CommsStreamResponse, call.connectionId);
      for (;;) {
        if (process.running.stopped) await Promise.race([process.running.turn(), lost]);
        const next = await Promise.race([open.events.next(), lost]);
        if (this.#scheduler.random.chance(0.2)) await this.#travel();
        if (isOver()) throw connectionLost;
        if (next.done) return next.value.reason;
        reader.event(JSON.parse(next.value.json) as CommsStreamEvent);
      }
    } catch (error) {
      this.#check("comms.stream", error);
      throw error;
    } finally {
      const hangUp = (): void => process.running.run(() => call.cancel());
      if (reader.halfOpen && reader.cut.aborted)
        this.#scheduler.after(this.#scheduler.random.next() * 40_000, "half-open ends", hangUp);
      else hangUp();
    }
  }

  /** The WebSocket is gone, and the daemon notices after a while. */
  disconnect(connection: string): void {
    const { process } = this.#machine;
    this.#scheduler.after(this.#scheduler.random.next() * 10_000, "disconnected", () => {
      process?.running.run(() => {
        if (!process.gone.signal.aborted) process.sessions.directory.connectionClosed(connection);
      });
    });
  }

  /** Delivers the call again, up to three times, as long as its first try is in flight; the client takes what comes first. */
  #repeat<Id extends UnaryOperationId, Reply>(delivery: Delivery<Id>, first: Promise<Reply>): Promise<Reply> {
    const { process, id, request, caller } = delivery;
    const reply = Promise.withResolvers<Reply>();
    let inFlight = true;
    const ended = (): void => {
      inFlight = false;
    };
    first.then(ended, ended);
    first.then(reply.resolve, reply.reject);
    for (let count = this.#repeating.between(1, 3); count > 0; count -= 1)
      this.#scheduler.after(this.#repeating.next() * 6, "repeat", () => {
        if (!inFlight || process.gone.signal.aborted) return;
        this.repeats += 1;
        const repeat = this.#deliver(delivery) as Promise<unknown> as Promise<Reply>;
        repeat.then(reply.resolve, () => {});
        void Promise.allSettled([first, repeat]).then(([one, again]) =>
          this.#ledger.repeated(id, [caller.session, ...namesIn(request)], one, again),
        );
      });
    return reply.promise;
  }

  async #deliver<Id extends UnaryOperationId>(
    { process, id, request, caller }: Delivery<Id>,
    cutAfter?: number,
  ): Promise<OperationTypes[Id]["response"]> {
    // The call waits in the socket of a process that is stopped.
    if (process.running.stopped)
      await Promise.race([process.running.turn(), whenAborted(process.gone.signal)]);
    const call = this.#callOf(process, caller);
    process.calls.add(call);
    const since = this.#scheduler.now;
    const cutting = new AbortController();
    const stopCut =
      cutAfter === undefined
        ? undefined
        : this.#scheduler.after(cutAfter, "cut", () => {
            cutting.abort();
            process.running.run(() => call.cancel());
          });
    const stopWatch = this.#watch(process, id);
    const lost = whenAborted(process.gone.signal, cutting.signal);
    try {
      const work = process.dispatch.unary(id, structuredClone(request), call).then(
        (response) => {
          // What the daemon gave out counts, whether or not the client hears of it.
          this.#scheduler.note(`served ${id}`);
          this.#ledger.served(id, request, response, since);
          return response as OperationTypes[Id]["response"];
        },
        (error: unknown) => {
          if (!call.cancelled) this.#check(id, error);
          throw error;
        },
      );
      return await Promise.race([work, lost]);
    } finally {
      stopWatch();
      stopCut?.();
      process.calls.delete(call);
    }
  }

  /** Reports a call that hangs; what the process did not live through does not count. */
  #watch({ running, gone }: Process, id: string): () => void {
    const begun = running.lived;
    const wait = (ms: number): (() => void) =>
      this.#scheduler.after(ms, "watch", () => {
        if (gone.signal.aborted) return;
        const left = hangMs - (running.lived - begun);
        if (left < 1) this.#ledger.violated(`${id} hung for ${hangMs} ms`);
        else stop = wait(Math.max(left, 1_000));
      });
    let stop = wait(hangMs);
    return () => stop();
  }

  #callOf(process: Process, { principal, session, connection }: Caller): Call {
    const { clock, ids } = process;
    return new Call(
      { clock, ids, log: silentLogger },
      {
        surface: connection === undefined ? "rest" : "rpc",
        principal,
        session,
        ...(connection === undefined ? {} : { connectionId: connection }),
      },
    );
  }

  /** Errors that no fault of the surroundings excuses. */
  #check(id: keyof typeof operations, error: unknown): void {
    if (error instanceof ConnectionLost) return;
    const code = error instanceof ContractError ? error.code : "no ContractError";
    this.#scheduler.note(`${id} ${code}`);
    const typed: readonly string[] = operations[id].errors;
    if (code === "shutting_down" || code === "storage_unavailable" || typed.includes(code)) return;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.stack : String(error);
    this.#ledger.violated(`${id} failed with ${code}: ${cause}`);
  }

  #travel(): Promise<void> {
    const { random } = this.#scheduler;
    return this.#scheduler.sleep(random.next() * (random.chance(this.faults.slow) ? 3_000 : 3), "network");
  }

  async #lose(): Promise<never> {
    await this.#scheduler.sleep(this.#scheduler.random.next() * 1_000, "lost");
    throw connectionLost;
  }
}

/** Names and ids of sessions in a request. */
function namesIn(request: object): string[] {
  return ["name", "to", "session_id"]
    .map((field) => (request as Record<string, unknown>)[field])
    .filter(isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function whenAborted(...signals: readonly AbortSignal[]): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(connectionLost);
    for (const signal of signals)
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
  });
}
