import type { CommsStreamEvent } from "../../../sdks/typescript/src/index.js";
import type { Ledger, Sent } from "./ledger.js";
import type { Life } from "./life.js";

/** Reads the session's log from where the last life's reader ended: until the kill, or as far as it goes now. */
export async function readSession(
  life: Life,
  ledger: Ledger,
  sessionId: string,
  follow: boolean,
): Promise<void> {
  const stream = life.local.stream(
    { kind: "session", session_id: sessionId },
    { afterSequence: ledger.seen.length, follow, signal: life.signal, reconnectTimeout: 0 },
  );
  await through(life, ledger, "the session's log", stream, (event) => {
    const { sequence, event_id: id, interaction_id: interaction = "" } = event;
    ledger.event(sequence ?? 0, { id, kind: event.event.kind, interaction, key: keyOf(event) });
    return false;
  });
}

/** The askers of interactions with a reserved stream: each reads its own, over as many lives as that takes. */
export class Askers {
  readonly #ledger: Ledger;
  readonly #reading: { sent: Sent; keys: string[]; last: number }[] = [];
  readonly #begun = new Set<string>();
  completed = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async run(life: Life): Promise<void> {
    this.#begin();
    await Promise.all(this.#reading.map((one) => this.#read(life, one)));
    for (const [at, { last }] of [...this.#reading.entries()].reverse())
      if (last < 0) this.#reading.splice(at, 1);
  }

  /** A few at a time: the newest that nobody reads yet. */
  #begin(): void {
    for (const sent of [...this.#ledger.sends.values()].slice(-100)) {
      if (this.#reading.length >= 3) return;
      if (!sent.reserved || sent.interaction === undefined || this.#begun.has(sent.key)) continue;
      this.#begun.add(sent.key);
      this.#reading.push({ sent, keys: [], last: 0 });
    }
  }

  async #read(life: Life, one: { sent: Sent; keys: string[]; last: number }): Promise<void> {
    const id = one.sent.interaction!;
    const client = one.sent.wire === "socket" ? life.remote : life.local;
    const stream = client.stream(
      { kind: "interaction", interaction_id: id },
      { afterSequence: one.last, signal: life.signal, reconnectTimeout: 0 },
    );
    await through(life, this.#ledger, `the stream of ${id}`, stream, (event) => {
      if (event.sequence !== one.last + 1)
        this.#ledger.fail(`the stream of ${id} goes from ${one.last} to ${event.sequence}`);
      one.last = event.sequence ?? 0;
      const key = keyOf(event);
      if (key !== "") one.keys.push(key);
      if (event.event.kind !== "interaction_complete") return false;
      this.#completed(id, one.keys);
      one.last = -1;
      return true;
    });
  }

  #completed(id: string, keys: readonly string[]): void {
    this.completed += 1;
    if (new Set(keys).size !== keys.length)
      this.#ledger.fail(`the stream of ${id} has an event twice: ${keys}`);
    const sorted = [...keys].sort();
    if (keys.some((key, at) => key !== sorted[at]))
      this.#ledger.fail(`the stream of ${id} has its events in another order: ${keys}`);
  }
}

/** Hands over the events until the stream ends, the daemon is killed, or `take` has enough. */
async function through(
  life: Life,
  ledger: Ledger,
  what: string,
  stream: AsyncIterable<CommsStreamEvent>,
  take: (event: CommsStreamEvent) => boolean,
): Promise<void> {
  try {
    for await (const event of stream) if (take(event)) return;
  } catch (error) {
    const code = life.refusal(error);
    // A reservation may run out while the run stands still.
    if (!life.over && code !== undefined && code !== "stream_timeout")
      ledger.fail(`${what} could not be read: ${code}`);
  }
}

function keyOf({ event }: CommsStreamEvent): string {
  return event.kind === "text_delta" ? (event as { delta: string }).delta : "";
}
