import { isDeepStrictEqual } from "node:util";
import type { CommsStreamEvent, SendReceipt } from "../../../src/generated/types.js";
import type { Call } from "../../../src/kernel/context.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import type { StreamEvents } from "../../../src/kernel/handlers.js";
import { storedReceipt } from "../../support/stored-receipt.js";
import type { Seeded } from "../kit/seeded.js";
import { check, type Operation } from "../linearizable/check.js";
import {
  type ReservationInput,
  type ReservationOutput,
  reservationModel,
} from "../linearizable/reservation-model.js";
import type { InProcess } from "./in-process.js";
import { ttlMs } from "./model.js";

const refusals = ["already_attached", "not_reserved", "stream_timeout"] as const;

interface Stream {
  readonly id: string;
  readonly connection: string;
  readonly call: Call;
  readonly events: StreamEvents;
  at: number;
}

/** One reservation and those who want its stream at the same time, each going on when its own last step was answered. */
export class Race {
  readonly #daemon: InProcess;
  readonly #random: Seeded;
  readonly #interaction: string;
  readonly #made: { from: number; by: number };
  readonly history: Operation<ReservationInput, ReservationOutput>[] = [];
  readonly broken: string[] = [];
  readonly #opened: Stream[] = [];
  #attempts = 0;
  /** The state in which it ended. */
  end = "";

  private constructor(
    daemon: InProcess,
    random: Seeded,
    interaction: string,
    made: { from: number; by: number },
  ) {
    this.#daemon = daemon;
    this.#random = random;
    this.#interaction = interaction;
    this.#made = made;
  }

  static async reserve(daemon: InProcess, random: Seeded): Promise<Race> {
    const from = daemon.stamp();
    const receipt = await daemon.world.call(
      "comms.send",
      { kind: "peer_request", to: "bob", intent: "ask", params: null, stream: "reserve_interaction" },
      { session: "eve" },
    );
    if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
    return new Race(daemon, random, receipt.interaction_id, { from, by: daemon.stamp() });
  }

  /** Resolves when everybody is done and the interaction is over. */
  async run(): Promise<void> {
    const readers = Array.from({ length: this.#random.between(1, 3) }, (_, n) => this.#reader(`c${n}`));
    await Promise.all([...readers, this.#host()]);
  }

  /** All readers are gone, without a word. */
  leave(): void {
    for (const stream of this.#opened) this.#drop(stream);
  }

  /** Some of its steps were under way at the same time. */
  get overlaps(): boolean {
    let latest = 0;
    return this.history
      .toSorted((one, other) => one.invoked - other.invoked)
      .some(({ invoked, returned }) => {
        const overlaps = invoked < latest;
        latest = Math.max(latest, returned);
        return overlaps;
      });
  }

  /** What is left of it, then what everybody saw put together. */
  async judge(): Promise<void> {
    const { opened, events } = await this.#daemon.world.stream({
      scope: this.#scope,
      follow: false,
      after_sequence: 0,
    });
    const log: CommsStreamEvent[] = [];
    for await (const { json } of events) log.push(JSON.parse(json) as CommsStreamEvent);
    if (log.some(({ sequence }, at) => sequence !== at + 1)) this.broken.push("the log has a gap");
    const ends = log.filter(({ event }) => event.kind === "interaction_complete").length;
    if (ends !== 1 || log.at(-1)?.event.kind !== "interaction_complete") this.broken.push(`${ends} ends`);
    const { state } = opened.snapshot;
    this.end = state;
    if (state !== "completed" && state !== "expired" && state !== "closed_early")
      this.broken.push(`it is ${state} after all`);
    const { linearizable, stuckAt } = check(this.history, reservationModel({ made: this.#made, ttlMs }));
    if (!linearizable)
      this.broken.push(
        `no order of ${JSON.stringify(this.history)} fits, stuck at ${JSON.stringify(stuckAt)}`,
      );
  }

  get #scope(): { kind: "interaction"; interaction_id: string } {
    return { kind: "interaction", interaction_id: this.#interaction };
  }

  async #reader(connection: string): Promise<void> {
    let mine: Stream | undefined;
    const steps = this.#random.between(3, 6);
    for (let step = 0; step < steps; step += 1) {
      if (step > 0) await this.#daemon.turns(this.#random.between(0, 2));
      const choice = this.#random.next();
      if (choice < 0.3) mine = (await this.#attach(connection, undefined)) ?? mine;
      else if (choice < 0.4) mine = (await this.#attach(connection, this.#opened.at(-1)?.id)) ?? mine;
      else if (choice < 0.75) this.#read(mine);
      else if (choice < 0.83) await this.#close(mine);
      else if (choice < 0.9) {
        if (mine !== undefined) this.#drop(mine);
      } else await this.#look();
    }
  }

  async #host(): Promise<void> {
    const events = this.#random.between(0, 2);
    for (let event = 0; event <= events; event += 1) {
      await this.#daemon.turns(this.#random.between(0, 3));
      const status = event < events ? ("accepted" as const) : ("completed" as const);
      await this.#answer(status, `${this.#interaction} ${event}`);
    }
  }

  /** Every other answer is sent again while the first try is in flight, and gets its receipt. */
  async #answer(status: "accepted" | "completed", key: string): Promise<void> {
    const send = (): Promise<SendReceipt> =>
      this.#daemon.world.call(
        "comms.send",
        {
          kind: "peer_response",
          to: "eve",
          in_reply_to: this.#interaction,
          status,
          result: null,
          options: { idempotency_key: key },
        },
        { session: "bob" },
      );
    const first = send();
    if (this.#random.chance(0.5)) {
      await this.#daemon.turns(this.#random.between(0, 2));
      const again = await send().then(storedReceipt, (error: unknown) => error);
      if (!isDeepStrictEqual(again, { ...storedReceipt(await first), deduplicated: true }))
        this.broken.push(`an answer that came again got ${JSON.stringify(again)}`);
    }
    await first;
  }

  async #attach(connection: string, resumeOf: string | undefined): Promise<Stream | undefined> {
    // Every stream has a connection of its own: a drop is of one.
    const own = `${connection}-${++this.#attempts} of ${this.#interaction}`;
    const call = this.#daemon.world.context({ principal: this.#daemon.principal, connection: own });
    const invoked = this.#daemon.stamp();
    const after = this.#random.pick([0, this.#opened.at(-1)?.at ?? 0]);
    try {
      const { opened, events } = await this.#daemon.world.stream(
        {
          scope: this.#scope,
          after_sequence: after,
          ...(resumeOf === undefined ? {} : { resume_of: resumeOf }),
        },
        call,
      );
      const stream = { id: opened.stream_id, connection: own, call, events, at: after };
      this.#opened.push(stream);
      this.#add({ kind: "attach", stream: stream.id, connection: own, resumeOf }, "opened", invoked);
      return stream;
    } catch (error) {
      const refused = refusals.find((code) => error instanceof ContractError && error.code === code);
      if (refused === undefined) throw error;
      this.#add({ kind: "attach", stream: "", connection: own, resumeOf }, refused, invoked);
      return undefined;
    }
  }

  /** Takes what is there; hears of the end when it has everything. */
  #read(stream: Stream | undefined): void {
    if (stream === undefined) return;
    for (;;) {
      const invoked = this.#daemon.stamp();
      const found = stream.events.poll!();
      if (found === undefined) return;
      if (found.done) {
        if (found.value.reason === "terminal" && !this.#heard(stream))
          this.#add({ kind: "delivered", stream: stream.id }, "done", invoked);
        return;
      }
      if (found.value.sequence !== stream.at + 1)
        this.broken.push(`a reader at ${stream.at} got ${found.value.sequence}`);
      stream.at = found.value.sequence ?? stream.at;
    }
  }

  #heard({ id }: Stream): boolean {
    return this.history.some(({ input }) => input.kind === "delivered" && input.stream === id);
  }

  async #close(stream: Stream | undefined): Promise<void> {
    if (stream === undefined) return;
    const invoked = this.#daemon.stamp();
    const { already_closed: already } = await this.#daemon.world.call(
      "comms.stream_close",
      { stream_id: stream.id },
      { principal: this.#daemon.principal, connection: stream.connection },
    );
    this.#add({ kind: "close", stream: stream.id }, already ? "already" : "closed", invoked);
  }

  #drop({ call, connection }: Stream): void {
    const invoked = this.#daemon.stamp();
    call.cancel();
    this.#add({ kind: "drop", connection }, "done", invoked);
  }

  async #look(): Promise<void> {
    const invoked = this.#daemon.stamp();
    const { opened, events } = await this.#daemon.world.stream({
      scope: this.#scope,
      follow: false,
      after_sequence: 0,
    });
    await events.return(undefined as never);
    this.#add({ kind: "look" }, opened.snapshot.state as ReservationOutput, invoked);
  }

  #add(input: ReservationInput, output: ReservationOutput, invoked: number): void {
    this.history.push({ input, output, invoked, returned: this.#daemon.stamp() });
  }
}
