import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type HeldSession,
  type HostOptions,
  type McpExchange,
  type Parley,
  ParleyError,
  type StreamOptions,
} from "../../sdks/typescript/src/index.js";
import { UsageError } from "./arguments.js";
import { isOutage } from "./outage-queue.js";
import { Pauses } from "./pauses.js";

const endLimitMs = 2_000;
/** How often a bridge that serves under another name looks whether its own is free, milliseconds. */
const retakeMs = 1_000;
/** How long a taken name is tried for before another one is: a predecessor that was asked to end needs a moment. */
const graceMs = 1_000;
const graceStepMs = 100;
/** Names that are tried: `planner`, then `planner-2` to `planner-9`. */
const lastSuffix = 9;
const longestName = 63;
/** A daemon that could not be started is tried again after this, milliseconds. */
const restartMs = 5_000;

export interface BridgeSessionOptions {
  /** The name that the agent is to have. */
  name: string;
  /** Makes a client; may throw, for example when the token's file cannot be read. */
  connect(): Parley;
  /** What the session is opened with; may throw. */
  hostOptions(): HostOptions;
  /** Ends the holds of predecessors that were killed; resolves with whether there was one. */
  endPredecessors(name: string, client: Parley): Promise<boolean>;
  /** What predecessors left is of no use once the name is held. */
  forgetPredecessors(name: string): void;
  /** Keeps on disk that this process is about to hold the name; returns how to forget that. */
  record(name: string, leaseToken: string): () => void;
  /** Starts the daemon; absent when the bridge was not asked to. */
  start?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Takes each reason why there is no session, once in a row, for who reads the bridge's log. */
  report(fault: ParleyError): void;
  /** An error with what the user can do about it. */
  explain(error: unknown): Promise<unknown>;
}

interface Seat {
  name: string;
  held: HeldSession;
  forget(): void;
}

/**
 * The session that a bridge's calls act as. It is held under the wanted name, or under the next free one until the wanted
 * name is free; while there is none, `fault` states why, and it is tried again until the bridge ends.
 */
export class BridgeSession {
  readonly #options: BridgeSessionOptions;
  readonly #stop = new AbortController();
  readonly #settled = Promise.withResolvers<void>();
  readonly #graceEnd = performance.now() + graceMs;
  #client: Parley | undefined;
  #seat: Seat | undefined;
  #fault: ParleyError | undefined;
  /** The name that was given up for the wanted one; reported once. */
  #left: string | undefined;
  #starting: Promise<void> | undefined;
  #nextStart = 0;
  #keeping: Promise<void> | undefined;
  /** Called when another session, or none, is there. */
  onChange: () => void = () => {};

  constructor(options: BridgeSessionOptions) {
    this.#options = options;
  }

  /** Begins; does not throw. */
  begin(): void {
    this.#keeping ??= this.#keep();
  }

  /** Resolves when the first attempt has ended in some way. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Why no call can be made now. */
  get fault(): ParleyError | undefined {
    return this.#seat === undefined ? this.#fault : undefined;
  }

  /** What the agent must learn about its name; a change is reported once. */
  notice(): string | undefined {
    const wanted = this.#options.name;
    if (this.#seat === undefined) return undefined;
    const { name } = this.#seat;
    if (name !== wanted)
      return `You are \`${name}\` here, because another holder has the name \`${wanted}\`; others reach you as \`${name}\`. The name \`${wanted}\` is taken as soon as it is free.`;
    const left = this.#left;
    this.#left = undefined;
    return left === undefined
      ? undefined
      : `You are \`${wanted}\` now, no longer \`${left}\`. What was sent to \`${left}\` is in comms://inbox/${left}.`;
  }

  /** One exchange with `/mcp` as the session. Throws the fault when there is none. */
  async exchange(line: string | undefined, options: StreamOptions): Promise<McpExchange> {
    if (this.#seat === undefined || this.#client === undefined) throw this.#fault ?? opening();
    try {
      return await this.#client.exchangeMcp(line, { ...options, session: this.#seat.name });
    } catch (error) {
      if (isOutage(error)) void this.#startDaemon().catch(() => {});
      throw error;
    }
  }

  /** Releases the name. */
  async end(): Promise<void> {
    this.#stop.abort();
    // An attempt that waits for a daemon holds up no end.
    await Promise.race([this.#keeping, pause(endLimitMs, undefined, { ref: false })]);
    await this.#leave();
    await this.#client?.close();
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stop;
    const pauses = new Pauses(signal);
    while (!signal.aborted) {
      const before = this.#seat?.name;
      try {
        await this.#sit();
        this.#fault = undefined;
        pauses.reset();
      } catch (error) {
        if (await this.#recovers(error)) continue;
      }
      if (signal.aborted) break;
      this.#settled.resolve();
      if (this.#seat?.name !== before) this.onChange();
      await this.#wait(pauses);
    }
    this.#settled.resolve();
  }

  /** Until there may be something to do: the name is lost, or it is time to try for another one. */
  async #wait(pauses: Pauses): Promise<void> {
    const seat = this.#seat;
    if (seat === undefined) return pauses.next();
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, over.signal]);
    const isOwn = seat.name === this.#options.name;
    const again = isOwn
      ? new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
      : pause(retakeMs, undefined, { signal }).catch(() => {});
    const lost = await Promise.race([seat.held.ended.then(() => true), again.then(() => false)]);
    over.abort();
    if (!lost || this.#stop.signal.aborted) return;
    seat.forget();
    this.#seat = undefined;
  }

  /** Takes the wanted name, or keeps or takes another one. Throws when there is none. */
  async #sit(): Promise<void> {
    const { name: wanted } = this.#options;
    this.#client ??= this.#options.connect();
    for (;;) {
      const seat = await this.#take(wanted, this.#client);
      if (seat !== undefined) return this.#move(seat);
      if (this.#seat !== undefined) return;
      if (this.#stop.signal.aborted || performance.now() >= this.#graceEnd) break;
      await pause(graceStepMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    for (let suffix = 2; suffix <= lastSuffix && !this.#stop.signal.aborted; suffix += 1) {
      const end = `-${suffix}`;
      const stem = wanted.slice(0, longestName - end.length).replace(/-+$/, "");
      const seat = await this.#take(`${stem}${end}`, this.#client);
      if (seat !== undefined) return this.#move(seat);
    }
    throw new ParleyError({
      code: "session_name_taken",
      message: `Other holders have the names ${wanted} and ${wanted}-2 to ${wanted}-${lastSuffix}. The name is taken as soon as one is free; \`parley session get ${wanted}\` shows who holds it.`,
      retryable: true,
    });
  }

  async #move(seat: Seat): Promise<void> {
    const before = this.#seat;
    this.#seat = seat;
    if (before === undefined) return;
    this.#left = before.name;
    before.forget();
    await before.held.release();
  }

  async #take(name: string, client: Parley): Promise<Seat | undefined> {
    for (let ended = false; ; ended = true) {
      const leaseToken = randomUUID();
      const forget = this.#options.record(name, leaseToken);
      try {
        const held = await client.holdSession(name, {
          ...this.#options.hostOptions(),
          leaseToken,
          onOutage: () => void this.#startDaemon().catch(() => {}),
          // Another daemon may answer now, with other tools.
          onRecovery: () => this.onChange(),
        });
        this.#options.forgetPredecessors(name);
        return { name, held, forget };
      } catch (error) {
        forget();
        if (!(error instanceof ParleyError) || error.code !== "session_name_taken") throw error;
        if (ended || !(await this.#options.endPredecessors(name, client))) return undefined;
      }
    }
  }

  /** Notes why there is no session, and starts the daemon when asked to; whether it is worth trying again at once. */
  async #recovers(error: unknown): Promise<boolean> {
    // A name that is already held survives a failed look for a better one.
    if (this.#seat !== undefined) return false;
    await this.#client?.close();
    this.#client = undefined;
    let fault = asFault(await this.#options.explain(error));
    if (isOutage(fault) && this.#options.start !== undefined) {
      try {
        if (performance.now() >= this.#nextStart) {
          await this.#startDaemon();
          return true;
        }
        // The reason of the last start says more than that no daemon runs.
        fault = this.#fault ?? fault;
      } catch (failure) {
        fault = asFault(failure);
      }
    }
    if (fault.message !== this.#fault?.message) this.#options.report(fault);
    this.#fault = fault;
    return false;
  }

  #startDaemon(): Promise<void> {
    const { start } = this.#options;
    if (start === undefined || this.#stop.signal.aborted) return Promise.resolve();
    if (this.#starting === undefined && performance.now() < this.#nextStart) return Promise.resolve();
    this.#starting ??= start(this.#stop.signal).finally(() => {
      this.#nextStart = performance.now() + restartMs;
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #leave(): Promise<void> {
    const seat = this.#seat;
    this.#seat = undefined;
    if (seat === undefined) return;
    await seat.held.release();
    seat.forget();
  }
}

function opening(): ParleyError {
  return new ParleyError({
    code: "daemon_unreachable",
    message: "The bridge is still looking for the daemon.",
    retryable: true,
  });
}

function asFault(error: unknown): ParleyError {
  const { message, hint } = error as Error & { hint?: string };
  const text = hint === undefined ? message : `${message} ${hint[0]!.toUpperCase()}${hint.slice(1)}.`;
  if (error instanceof ParleyError) return Object.assign(error, { message: text, hint: undefined });
  const code = error instanceof UsageError ? "invalid_request" : "daemon_unreachable";
  return new ParleyError({ code, message: text, retryable: code === "daemon_unreachable" });
}
