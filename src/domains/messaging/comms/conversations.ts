import { hash } from "node:crypto";
import type { PeerMessageCommand, PeerRequestCommand } from "../../../generated/types.js";
import { type Allowance, Bucket } from "../model/bucket.js";

/** Two that write to each other without end are slowed to this. */
const turnsPerSecond = 1;
/** Two that tell each other the same again and again are slowed to this. */
const repeatsPerSecond = 1 / 60;
/** What was said is kept as it is up to this length, characters. */
const keptText = 1_024;
/** Pairs that are known before it is looked which of them can be forgotten. */
const lookEvery = 4_096;

export interface ConversationLimits {
  sends: Allowance;
  /** Messages that each answer the other's, before they are slowed. */
  turns: number;
  /** The same, when both only say again what they said before. */
  repeats: number;
}

/** Which limit one more message meets, and when it may come. */
export interface Refusal {
  readonly limit: "sends_per_second" | "loop_turns" | "loop_repeats";
  readonly waitMs: number;
}

/** What a session says to another unasked. */
export type Message = PeerMessageCommand | PeerRequestCommand;

/** What both directions between two sessions share. */
interface Conversation {
  readonly turns: Bucket;
  readonly repeats: Bucket;
}

/** One direction between two sessions. */
interface Way {
  readonly conversation: Conversation;
  readonly sends: Bucket;
  /** When it was last used, as a count of all uses. */
  last: number;
  /** What was said last, when it came in turn. */
  said: string | undefined;
  /** It was what had been said before. */
  repeated: boolean;
  back: Way;
}

/**
 * How much sessions send to each other. A loop is messages that each come after the other's: a session that tells another
 * the same every minute is none. What was said is only looked at when it comes in turn.
 */
export class Conversations {
  readonly #limits: ConversationLimits;
  /** By sender and recipient. */
  readonly #ways = new Map<string, Map<string, Way>>();
  #uses = 0;
  #size = 0;
  #lookAt = lookEvery;

  constructor(limits: ConversationLimits) {
    this.#limits = limits;
  }

  /** Directions that are remembered. */
  get size(): number {
    return this.#size;
  }

  /** Counts one more message, unless it meets a limit. What is no `message` only counts for the rate. */
  take(sender: string, recipient: string, now: number, message?: Message): Refusal | undefined {
    const way = this.#way(sender, recipient, now);
    const waitMs = way.sends.waitMs(now);
    if (waitMs > 0) return { limit: "sends_per_second", waitMs };
    if (message !== undefined) {
      const refusal = way.back.last > way.last ? takeTurn(way, now, message) : leaveTurns(way);
      if (refusal !== undefined) return refusal;
      this.#uses += 1;
      way.last = this.#uses;
    }
    way.sends.take(now);
    return undefined;
  }

  #way(sender: string, recipient: string, now: number): Way {
    const known = this.#ways.get(sender)?.get(recipient);
    if (known !== undefined) return known;
    if (this.#size >= this.#lookAt) this.#forget(now);
    const { sends, turns, repeats } = this.#limits;
    const conversation: Conversation = {
      turns: new Bucket({ burst: turns, perSecond: turnsPerSecond }, now),
      repeats: new Bucket({ burst: repeats, perSecond: repeatsPerSecond }, now),
    };
    const fresh = { conversation, last: 0, said: undefined, repeated: false };
    const way = { ...fresh, sends: new Bucket(sends, now) } as Way;
    way.back = { ...fresh, sends: new Bucket(sends, now), back: way };
    this.#put(sender, recipient, way);
    this.#put(recipient, sender, way.back);
    return way;
  }

  #put(sender: string, recipient: string, way: Way): void {
    const ways = this.#ways.get(sender);
    if (ways === undefined) this.#ways.set(sender, new Map([[recipient, way]]));
    else ways.set(recipient, way);
    this.#size += 1;
  }

  /** Lets go of pairs that would be admitted as if they were new. */
  #forget(now: number): void {
    for (const [sender, ways] of this.#ways) {
      for (const [recipient, way] of ways)
        if (isIdle(way, now) && isIdle(way.back, now)) this.#drop(sender, recipient);
    }
    this.#lookAt = Math.max(lookEvery, this.#size * 2);
  }

  #drop(sender: string, recipient: string): void {
    for (const [from, to] of [
      [sender, recipient],
      [recipient, sender],
    ] as const) {
      const ways = this.#ways.get(from);
      if (ways?.delete(to)) this.#size -= 1;
      if (ways?.size === 0) this.#ways.delete(from);
    }
  }
}

function isIdle({ sends, conversation }: Way, now: number): boolean {
  return sends.isFull(now) && conversation.turns.isFull(now) && conversation.repeats.isFull(now);
}

function takeTurn(way: Way, now: number, message: Message): Refusal | undefined {
  const { turns, repeats } = way.conversation;
  const said = fingerprint(textOf(message));
  const repeated = said === way.said;
  const again = repeated && way.back.repeated;
  const waitMs = turns.waitMs(now);
  if (waitMs > 0) return { limit: "loop_turns", waitMs };
  if (again) {
    const wait = repeats.waitMs(now);
    if (wait > 0) return { limit: "loop_repeats", waitMs: wait };
    repeats.take(now);
  }
  turns.take(now);
  way.said = said;
  way.repeated = repeated;
  return undefined;
}

/** It did not wait for the other: whatever they were at, it is no loop. */
function leaveTurns(way: Way): undefined {
  way.said = undefined;
  way.repeated = false;
}

function textOf(message: Message): string {
  return message.kind === "peer_message"
    ? message.body
    : `${message.intent} ${JSON.stringify(message.params)}`;
}

function fingerprint(text: string): string {
  return text.length <= keptText ? text : hash("sha256", text, "base64url");
}
