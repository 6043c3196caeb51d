/**
 * The reservation of one interaction as the table in the design says it, and its readers, as somebody sees them who knows
 * nothing of the code: each move has one answer, and after it everybody can tell in which state the reservation is.
 */
export const ttlMs = 1_000;
/** Twice this is more than the whole time, once is less. */
export const partMs = 600;

export const moves = [
  "attach one",
  "attach two",
  "resume",
  "close",
  "close elsewhere",
  "read one",
  "read all",
  "read older",
  "drop",
  "drop older",
  "progress",
  "progress in flight again",
  "terminal",
  "terminal in flight again",
  "cancel",
  "cancel in flight again",
  "release",
  "refuse",
  "part of the time",
  "time is over",
  "timer fires",
  "restart",
  "crash",
] as const;

export type Move = (typeof moves)[number];
/** What one reader and its end come to, and what takes it away from them. */
export const story: readonly Move[] = [
  "attach one",
  "attach two",
  "resume",
  "close",
  "read all",
  "drop",
  "terminal",
  "time is over",
  "timer fires",
  "restart",
];

export type Phase = "reserved" | "attached" | "completed" | "expired" | "closed_early";

/** Each can be broken on purpose: then the exploration must find a sequence of moves that tells. */
export const table = {
  "the terminal event before a reader comes leaves the reservation": true,
  "an attach after the time says stream_timeout and ends it": true,
  "the timer ends it once its time has come": true,
  "a second attach is refused": true,
  "a resume takes the stream over": true,
  "a close is for good": true,
  "only the connection that opened may close": true,
  "a close may be repeated": true,
  "a drop gives it back": true,
  "a drop gives it a fresh time": true,
  "it is completed when the terminal event was delivered, not when it was written": true,
  "an end state refuses every attach": true,
  "a start gives an attached one back": true,
  "an end state outlives a start": true,
  "a word of a superseded stream changes nothing": true,
  "a cancel ends what nobody has": true,
  "a command that has waited long enough ends": true,
};

export type Rule = keyof typeof table;

interface StreamState {
  readonly connection: string;
  /** Last sequence that it handed out. */
  at: number;
  /** Why it ended; undefined while it is open, `gone` when nobody can ask any more. */
  ended: string | undefined;
}

/** What is asked, and which rule of the table is broken. */
export interface Variant {
  rule?: Rule;
  /** How long the command waits for a host to make it its own. */
  waitMs?: number;
  /** The recipient's policy holds it. */
  held?: boolean;
}

export class Model {
  readonly #rules: Readonly<Record<Rule, boolean>>;
  #now = 0;
  #phase: Phase = "reserved";
  #until = ttlMs;
  /** Index of the attached stream. */
  #reader = -1;
  /** Number of events; the last one is terminal when `#over`. */
  #events = 1;
  #over = false;
  /** Its host made the command its own: told with the first answer. */
  #ingested = false;
  #held: boolean;
  #decision: "release" | "refuse" | undefined;
  /** When the command itself has waited long enough. */
  readonly #deadline: number;
  /** Last sequence that any stream handed out: where a reader goes on. */
  #seen = 0;
  #streams: StreamState[] = [];
  /** Streams up to here were opened in an earlier life of the daemon. */
  #forgotten = 0;
  #generation = { one: 1, two: 1 };

  constructor({ rule: broken, waitMs = Number.POSITIVE_INFINITY, held = false }: Variant = {}) {
    this.#deadline = waitMs;
    this.#held = held;
    this.#rules = broken === undefined ? table : { ...table, [broken]: false };
  }

  /** All that decides what can happen from here on; the absolute time does not. */
  get key(): string {
    return JSON.stringify([
      this.#phase,
      this.#phase === "reserved" ? this.#until - this.#now : 0,
      this.#reader,
      this.#events,
      this.#over,
      this.#ingested,
      this.#held,
      this.#decision,
      this.#deadline === Number.POSITIVE_INFINITY ? 0 : this.#deadline - this.#now,
      this.#seen,
      this.#streams,
      this.#forgotten,
      this.#generation,
    ]);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** What can be told at any time: the state, the events, and what the daemon holds for them. */
  outlook(): string {
    const open = this.#streams.filter(({ ended }) => ended === undefined).length;
    const timers = this.#phase === "reserved" ? 1 : 0;
    return `${this.#phase}, ${this.#events} events${this.#over ? " to the end" : ""}, ${open} streams, ${timers} timers`;
  }

  apply(move: Move): string {
    switch (move) {
      case "attach one":
        return this.#attach("one", undefined);
      case "attach two":
        return this.#attach("two", undefined);
      case "resume":
        return this.#attach("two", this.#streams.length - 1);
      case "close":
        return this.#close(this.#streams.at(-1), false);
      case "close elsewhere":
        return this.#close(this.#streams.at(-1), true);
      case "read one":
        return this.#read(this.#streams.length - 1, 1);
      case "read all":
        return this.#read(this.#streams.length - 1, Number.POSITIVE_INFINITY);
      case "read older":
        return this.#read(this.#streams.length - 2, 1);
      case "drop":
        return this.#drop(this.#streams.at(-1));
      case "drop older":
        return this.#drop(this.#streams.at(-2));
      case "progress":
      case "progress in flight again":
        if (this.#over) return "refused interaction_ended";
        this.#write(1);
        return "written";
      case "terminal":
      case "terminal in flight again":
        return this.#terminal();
      case "cancel":
      case "cancel in flight again":
        return this.#cancel();
      case "release":
      case "refuse":
        return this.#decide(move);
      case "part of the time":
        this.#now += partMs;
        return this.#fire();
      case "time is over":
        this.#now += ttlMs;
        return "passed";
      case "timer fires":
        return this.#fire();
      case "restart":
        return this.#start("shutdown");
      case "crash":
        return this.#start("gone");
    }
  }

  #attach(label: "one" | "two", resumed: number | undefined): string {
    const old = resumed === undefined ? undefined : this.#streams[resumed];
    switch (this.#phase) {
      case "completed":
      case "expired":
      case "closed_early":
        if (this.#rules["an end state refuses every attach"]) return "refused not_reserved";
        break;
      case "reserved":
        if (
          this.#now >= this.#until &&
          this.#rules["an attach after the time says stream_timeout and ends it"]
        ) {
          this.#phase = "expired";
          return "refused stream_timeout";
        }
        break;
      case "attached": {
        const reads = resumed === this.#reader && this.#rules["a resume takes the stream over"];
        if (!reads && this.#rules["a second attach is refused"]) return "refused already_attached";
        if (old !== undefined) old.ended ??= "superseded";
      }
    }
    this.#phase = "attached";
    this.#reader = this.#streams.length;
    this.#streams.push({
      connection: `${label} ${this.#generation[label]}`,
      at: this.#seen,
      ended: undefined,
    });
    return `opened: attached, 1 to ${this.#events}${this.#over ? ", ended" : ""}`;
  }

  #close(stream: StreamState | undefined, elsewhere: boolean): string {
    if (stream === undefined || this.#streams.indexOf(stream) < this.#forgotten)
      return "refused stream_not_found";
    const label = labelOf(stream);
    const from = elsewhere ? "elsewhere" : `${label} ${this.#generation[label]}`;
    if (from !== stream.connection && this.#rules["only the connection that opened may close"])
      return "refused permission_denied";
    if (stream.ended !== undefined)
      return this.#rules["a close may be repeated"] ? "closed already" : "refused stream_not_found";
    stream.ended = "closed";
    if (this.#rules["a close is for good"]) this.#end("closed_early");
    else this.#giveBack();
    return "closed";
  }

  /** All that a stream's reader gets now: sequences, then why it ended when it did. */
  readOut(at: number): (number | string)[] {
    const got: (number | string)[] = [];
    for (;;) {
      const said = this.#read(at, 1).split(" ");
      if (said[0] === "events") got.push(Number(said[1]));
      else if (said[0] === "ended") return [...got, said[1]!];
      else return got;
    }
  }

  /** Takes events that are there; only a reader that has all of them and asks again hears of the end. */
  #read(at: number, most: number): string {
    const stream = this.#streams[at];
    if (stream === undefined) return "no stream";
    if (stream.ended !== undefined) return `ended ${stream.ended}`;
    if (stream.at < this.#events) {
      const first = stream.at + 1;
      stream.at = Math.min(this.#events, stream.at + most);
      this.#seen = Math.max(this.#seen, stream.at);
      return `events ${first} to ${stream.at}`;
    }
    if (!this.#over) return "waits";
    stream.ended = "terminal";
    this.#end("completed");
    return "ended terminal";
  }

  #drop(stream: StreamState | undefined): string {
    if (stream === undefined) return "no stream";
    const label = labelOf(stream);
    if (stream.connection !== `${label} ${this.#generation[label]}`) return "no connection";
    this.#generation[label] += 1;
    for (const [at, one] of this.#streams.entries()) {
      if (one.connection !== stream.connection) continue;
      const open = one.ended === undefined;
      one.ended ??= "closed";
      if (open || (at !== this.#reader && !this.#rules["a word of a superseded stream changes nothing"]))
        this.#giveBack();
    }
    return "dropped";
  }

  #terminal(): string {
    if (this.#over) return "refused interaction_ended";
    // The answer, and the end that follows from it.
    this.#write(2);
    this.#finish();
    return "written";
  }

  /** Nobody has claimed it: it ends at once, and tells that it will not be delivered unless somebody had it. */
  #cancel(): string {
    if (this.#over) return "refused interaction_ended";
    if (!this.#rules["a cancel ends what nobody has"]) return "cancelled";
    this.#events += this.#ingested ? 1 : 2;
    this.#finish();
    return "cancelled";
  }

  #decide(decision: "release" | "refuse"): string {
    if (this.#decision === decision) return "decided already";
    if (this.#decision === undefined && this.#over) return "refused interaction_ended";
    if (!this.#held) return "refused not_held";
    this.#held = false;
    this.#decision = decision;
    this.#events += decision === "refuse" ? 2 : 1;
    if (decision === "refuse") this.#finish();
    return "decided";
  }

  #finish(): void {
    this.#over = true;
    if (
      this.#phase === "reserved" &&
      !this.#rules["the terminal event before a reader comes leaves the reservation"]
    )
      this.#end("completed");
    if (
      this.#phase === "attached" &&
      !this.#rules["it is completed when the terminal event was delivered, not when it was written"]
    )
      this.#end("completed");
  }

  /** The first answer also tells that the command was ingested. */
  #write(events: number): void {
    this.#events += events + (this.#ingested ? 0 : 1);
    this.#ingested = true;
  }

  #expire(): void {
    if (this.#over || this.#ingested || this.#now < this.#deadline) return;
    if (!this.#rules["a command that has waited long enough ends"]) return;
    this.#events += 2;
    this.#finish();
  }

  #fire(): string {
    const due = this.#rules["the timer ends it once its time has come"]
      ? this.#now >= this.#until
      : this.#now > this.#until;
    if (this.#phase === "reserved" && due) this.#end("expired");
    this.#expire();
    return "passed";
  }

  #start(why: "shutdown" | "gone"): string {
    for (const stream of this.#streams) {
      if (why === "gone") stream.ended = "gone";
      else stream.ended ??= "shutdown";
    }
    this.#generation.one += 1;
    this.#generation.two += 1;
    this.#forgotten = this.#streams.length;
    if (this.#phase === "attached" && !this.#rules["a start gives an attached one back"])
      this.#end("expired");
    else if (this.#phase === "attached" || this.#phase === "reserved") this.#reserve();
    else if (!this.#rules["an end state outlives a start"]) this.#reserve();
    this.#expire();
    return "started";
  }

  #giveBack(): void {
    if (!this.#rules["a drop gives it back"]) this.#end("closed_early");
    else if (this.#rules["a drop gives it a fresh time"]) this.#reserve();
    else this.#phase = "reserved";
  }

  #reserve(): void {
    this.#phase = "reserved";
    this.#until = this.#now + ttlMs;
  }

  #end(phase: Phase): void {
    this.#phase = phase;
    this.#reader = -1;
  }
}

function labelOf({ connection }: StreamState): "one" | "two" {
  return connection.startsWith("one") ? "one" : "two";
}
