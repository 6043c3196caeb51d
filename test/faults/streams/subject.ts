import { getEventListeners } from "node:events";
import { isDeepStrictEqual } from "node:util";
import type {
  CommsCommand,
  CommsStreamEvent,
  SendReceipt,
  StreamSnapshot,
} from "../../../src/generated/types.js";
import type { Call } from "../../../src/kernel/context.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import type { StreamClosed, StreamEvents, StreamItem } from "../../../src/kernel/handlers.js";
import { settle } from "../../support/simulation.js";
import { storedReceipt } from "../../support/stored-receipt.js";
import type { InProcess } from "./in-process.js";
import { type Move, partMs, ttlMs, type Variant } from "./model.js";

const unknownStream = "00000000-0000-7000-8000-000000000000";

interface Opened {
  readonly id: string;
  readonly label: "one" | "two";
  readonly connection: string;
  readonly call: Call;
  readonly events: StreamEvents;
  /** Last sequence that it handed out. */
  at: number;
  gone: boolean;
}

/** One interaction with a reserved stream, moved as the model is and asked the same questions. */
export class Subject {
  readonly #daemon: InProcess;
  /** The session that it was sent to. */
  readonly #host: string;
  readonly #scope: { kind: "interaction"; interaction_id: string };
  readonly #opened: Opened[] = [];
  readonly #generation = { one: 1, two: 1 };
  #seen = 0;
  #keys = 0;

  private constructor(daemon: InProcess, interactionId: string, host: string) {
    this.#daemon = daemon;
    this.#host = host;
    this.#scope = { kind: "interaction", interaction_id: interactionId };
  }

  static async reserve(
    daemon: InProcess,
    { waitMs = Number.POSITIVE_INFINITY, held = false }: Variant = {},
  ): Promise<Subject> {
    const host = held ? "carol" : "bob";
    const receipt = await daemon.world.call(
      "comms.send",
      {
        kind: "peer_request",
        to: host,
        intent: "ask",
        params: null,
        stream: "reserve_interaction",
        ...(waitMs === Number.POSITIVE_INFINITY ? {} : { options: { ttl_ms: waitMs } }),
      },
      { session: "eve" },
    );
    if (receipt.kind !== "peer_request_sent" || !receipt.stream_reserved) throw new Error(receipt.kind);
    await settle(1);
    return new Subject(daemon, receipt.interaction_id, host);
  }

  get interactionId(): string {
    return this.#scope.interaction_id;
  }

  /** The answer in the words of the model. */
  async apply(move: Move): Promise<string> {
    try {
      const answer = await this.#move(move);
      await settle(1);
      return answer;
    } catch (error) {
      return refusal(error);
    }
  }

  async outlook(): Promise<string> {
    const snapshot = await this.#look();
    const { streams, reservations } = this.#daemon.world.comms.stats();
    const over = snapshot.terminal === undefined ? "" : " to the end";
    return `${snapshot.state}, ${snapshot.last_sequence} events${over}, ${streams} streams, ${reservations} timers`;
  }

  /** Lets everything come to its end; says what was left behind or came more than once. */
  async finish(): Promise<string[]> {
    const left: string[] = [];
    for (const label of ["one", "two"] as const) this.#dropAll(label);
    await this.apply("refuse");
    await this.apply("terminal");
    this.#daemon.clock.pass(ttlMs);
    this.#daemon.clock.fire();
    await settle(2);
    const { streams, reservations } = this.#daemon.world.comms.stats();
    if (streams !== 0) left.push(`${streams} streams are left`);
    if (reservations !== 0) left.push(`${reservations} timers are left`);
    for (const { call, gone } of this.#opened)
      if (!gone && getEventListeners(call.signal, "abort").length > 0)
        left.push("a listener for the drop is left");
    if (this.#daemon.listeners > 0) left.push(`${this.#daemon.listeners} listeners on the log are left`);
    const revoked = getEventListeners(this.#daemon.principal.ended, "abort").length;
    if (revoked > 0) left.push(`${revoked} listeners for the revocation are left`);
    const { snapshot, events } = await this.#read();
    if (events.some(({ sequence }, at) => sequence !== at + 1)) left.push("the log has a gap");
    const ends = events.filter(({ event }) => isTerminal(event.kind));
    if (ends.length !== 1 || !isTerminal(events.at(-1)!.event.kind)) left.push(`${ends.length} ends`);
    if (!["completed", "expired", "closed_early"].includes(snapshot.state))
      left.push(`it ended as ${snapshot.state}`);
    const written = await this.#endsWritten();
    if (written !== 1) left.push(`its end was written ${written} times`);
    return left;
  }

  async #move(move: Move): Promise<string> {
    const { clock } = this.#daemon;
    switch (move) {
      case "attach one":
        return this.#attach("one");
      case "attach two":
        return this.#attach("two");
      case "resume":
        return this.#attach("two", this.#opened.at(-1)?.id ?? unknownStream);
      case "close":
        return this.#close(this.#opened.at(-1), false);
      case "close elsewhere":
        return this.#close(this.#opened.at(-1), true);
      case "read one":
        return this.#poll(this.#opened.at(-1), 1);
      case "read all": {
        // One look more would already say that all of it was delivered.
        const { last_sequence: last } = await this.#look();
        return this.#poll(this.#opened.at(-1), Math.max(1, last - (this.#opened.at(-1)?.at ?? 0)));
      }
      case "read older":
        return this.#poll(this.#opened.at(-2), 1);
      case "drop":
        return this.#drop(this.#opened.at(-1));
      case "drop older":
        return this.#drop(this.#opened.at(-2));
      case "progress":
        return this.#send(this.#answer("accepted"), "written");
      case "progress in flight again":
        return this.#sendTwice(this.#answer("accepted"), "written");
      case "terminal":
        return this.#send(this.#answer("completed"), "written");
      case "terminal in flight again":
        return this.#sendTwice(this.#answer("completed"), "written");
      case "cancel":
        return this.#send(this.#cancel(), "cancelled");
      case "cancel in flight again":
        return this.#sendTwice(this.#cancel(), "cancelled");
      case "release":
        return this.#decide("deliver");
      case "refuse":
        return this.#decide("refuse");
      case "part of the time":
        clock.pass(partMs);
        clock.fire();
        return "passed";
      case "time is over":
        clock.pass(ttlMs);
        return "passed";
      case "timer fires":
        clock.fire();
        return "passed";
      case "restart":
        await this.#daemon.restart();
        this.#newLife();
        return "started";
      case "crash":
        await this.#daemon.crash();
        for (const opened of this.#opened) opened.gone = true;
        this.#newLife();
        return "started";
    }
  }

  #cancel(): CommsCommand {
    const { interaction_id } = this.#scope;
    return {
      kind: "peer_request",
      to: this.#host,
      intent: "comms.cancel",
      params: { interaction_id },
      stream: "none",
    };
  }

  #answer(status: "accepted" | "completed"): CommsCommand {
    const { interaction_id: in_reply_to } = this.#scope;
    return { kind: "peer_response", to: "eve", in_reply_to, status, result: null };
  }

  async #send(command: CommsCommand, done: string): Promise<string> {
    await this.#receipt(command);
    return done;
  }

  /** Sends it under one key, and once more while the first try is on its way to the disk: both get the same receipt. */
  async #sendTwice(command: CommsCommand, done: string): Promise<string> {
    this.#keys += 1;
    const keyed = { ...command, options: { idempotency_key: `${this.interactionId} ${this.#keys}` } };
    const { held } = this.#daemon;
    held.hold((log) => log.startsWith("inbox/"));
    const first = outcome(this.#receipt(keyed));
    await settle(1);
    const repeat = outcome(this.#receipt(keyed));
    await settle(1);
    await held.release();
    const [one, again] = await Promise.all([first, repeat]);
    if (typeof one === "string" || typeof again === "string")
      return one === again ? `${one}` : `${JSON.stringify(one)}, then ${JSON.stringify(again)}`;
    const same = isDeepStrictEqual(storedReceipt(again), { ...storedReceipt(one), deduplicated: true });
    return same ? done : `${JSON.stringify(one)}, then ${JSON.stringify(again)}`;
  }

  #receipt(command: CommsCommand): Promise<SendReceipt> {
    const session = command.kind === "peer_response" ? this.#host : "eve";
    return this.#daemon.world.call("comms.send", command, { session });
  }

  async #decide(decision: "deliver" | "refuse"): Promise<string> {
    const { already_released: already } = await this.#daemon.world.call("sessions.release_held", {
      name: this.#host,
      interaction_id: this.#scope.interaction_id,
      decision,
    });
    return already ? "decided already" : "decided";
  }

  async #attach(label: "one" | "two", resumeOf?: string): Promise<string> {
    const { world, principal } = this.#daemon;
    const connection = this.#connection(label);
    const call = world.context({ principal, connection });
    const { opened, events } = await world.stream(
      {
        scope: this.#scope,
        after_sequence: this.#seen,
        ...(resumeOf === undefined ? {} : { resume_of: resumeOf }),
      },
      call,
    );
    this.#opened.push({ id: opened.stream_id, label, connection, call, events, at: this.#seen, gone: false });
    const { state, first_sequence: first, last_sequence: last, terminal } = opened.snapshot;
    return `opened: ${state}, ${first} to ${last}${terminal === undefined ? "" : ", ended"}`;
  }

  async #close(stream: Opened | undefined, elsewhere: boolean): Promise<string> {
    const { closed, already_closed: already } = await this.#daemon.world.call(
      "comms.stream_close",
      { stream_id: stream?.id ?? unknownStream },
      {
        principal: this.#daemon.principal,
        connection: elsewhere ? "elsewhere" : this.#connection(stream?.label ?? "one"),
      },
    );
    return `${closed ? "closed" : "open"}${already ? " already" : ""}`;
  }

  async #poll(stream: Opened | undefined, most: number): Promise<string> {
    if (stream === undefined) return "no stream";
    if (stream.gone) return "ended gone";
    const taken: number[] = [];
    while (taken.length < most) {
      let found = stream.events.poll!();
      if (found === undefined) {
        await settle(1);
        found = stream.events.poll!();
      }
      if (found === undefined && taken.length === 0) return "waits";
      if (found === undefined) break;
      if (found.done) return `ended ${(found.value as StreamClosed).reason}`;
      taken.push((found.value as StreamItem).sequence ?? 0);
    }
    const first = taken[0]!;
    if (taken.some((sequence, at) => sequence !== first + at)) return `events ${taken}`;
    stream.at = taken.at(-1)!;
    this.#seen = Math.max(this.#seen, stream.at);
    return `events ${first} to ${taken.at(-1)}`;
  }

  #drop(stream: Opened | undefined): string {
    if (stream === undefined) return "no stream";
    if (stream.connection !== this.#connection(stream.label)) return "no connection";
    this.#dropAll(stream.label);
    return "dropped";
  }

  #dropAll(label: "one" | "two"): void {
    const connection = this.#connection(label);
    this.#generation[label] += 1;
    for (const opened of this.#opened) if (opened.connection === connection) opened.call.cancel();
  }

  async #look(): Promise<StreamSnapshot> {
    const { opened, events } = await this.#daemon.world.stream({
      scope: this.#scope,
      follow: false,
      after_sequence: 0,
    });
    await events.return(undefined as never);
    return opened.snapshot;
  }

  async #read(): Promise<{ snapshot: StreamSnapshot; events: CommsStreamEvent[] }> {
    const open = await this.#daemon.world.stream({ scope: this.#scope, follow: false, after_sequence: 0 });
    const events: CommsStreamEvent[] = [];
    for await (const { json } of open.events) events.push(JSON.parse(json) as CommsStreamEvent);
    return { snapshot: open.opened.snapshot, events };
  }

  async #endsWritten(): Promise<number> {
    const { interaction_id: id } = this.#scope;
    const session = this.#daemon.world.sessions.directory.byName(this.#host)!;
    const entries = await this.#daemon.store.read(`inbox/${session.sessionId}`, {
      fromSeq: 1,
      subject: id,
      limit: 100,
    });
    return entries.filter(({ body }) => (JSON.parse(body) as { t: string }).t === "stream_ended").length;
  }

  #connection(label: "one" | "two"): string {
    return `${label} ${this.#generation[label]} of ${this.#scope.interaction_id}`;
  }

  #newLife(): void {
    this.#generation.one += 1;
    this.#generation.two += 1;
  }
}

/** What a call gave, or why it was refused. */
function outcome<T>(call: Promise<T>): Promise<T | string> {
  return call.catch(refusal);
}

function refusal(error: unknown): string {
  if (error instanceof ContractError) return `refused ${error.code}`;
  throw error;
}

function isTerminal(kind: string): boolean {
  return kind === "interaction_complete" || kind === "interaction_failed";
}
