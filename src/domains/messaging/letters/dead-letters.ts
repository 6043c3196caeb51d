import type { CommsCommand, Surface } from "../../../generated/types.js";
import { type Backend, BackendError } from "../../../kernel/backend.js";
import { derivedId } from "../../../lib/derived-id.js";
import type { Sender, Undelivered } from "../inbox/inbox-entry.js";
import type { InboxItem } from "../inbox/inbox-item.js";
import type { CommsLimits } from "../ports.js";

/** Of a reason that may be long: a letter has room for a command and little more. */
const messageChars = 256;
const pageLetters = 128;
const pageChars = 1024 * 1024;
/** Commands that are kept for one session, characters of JSON; the oldest go first. */
const keptChars = 64 * 1024 * 1024;

/** What ended without its work done, with all that another try needs. */
export interface DeadLetter {
  t: "letter";
  interaction_id: string;
  envelope_id: string;
  sender: Sender;
  surface: Surface;
  command: CommsCommand;
  /** It lay in the outbox. */
  outbox?: true;
  state: Undelivered;
  code: string;
  message: string;
  attempts: number;
  /** Wall milliseconds of the acceptance. */
  accepted_at: number;
  /** Wall milliseconds of the end. */
  at: number;
  /** Position of the end in the inbox's log. */
  end_seq: number;
}

/** Somebody took the letter off the list. */
interface DroppedLetter {
  t: "dropped";
  interaction_id: string;
  /** The interaction that tries again. */
  retried_as?: string;
  /** The newest end of which there was a letter. */
  end_seq: number;
}

/** A letter as it is known without its command. */
interface Listed {
  readonly seq: number;
  readonly interactionId: string;
  readonly at: number;
  readonly endSeq: number;
  readonly chars: number;
}

/** The item ended without its work done, and can be tried again. */
export function isDeadLetter({ ending }: InboxItem): boolean {
  return ending?.kind === "failed" && ending.letter === true;
}

/** `acceptedAt` in wall milliseconds. */
export function letterOf(item: InboxItem, command: CommsCommand, acceptedAt: number): DeadLetter {
  const { ending, endedAt } = item;
  if (ending?.kind !== "failed") throw new Error("only what failed is a dead letter");
  return {
    t: "letter",
    interaction_id: item.interactionId,
    envelope_id: item.envelopeId,
    sender: item.sender,
    surface: item.surface,
    command,
    ...(item.outbox ? { outbox: true as const } : {}),
    state: ending.undelivered,
    code: ending.reason.code,
    message: ending.reason.message.slice(0, messageChars).toWellFormed(),
    attempts: item.attempt,
    accepted_at: acceptedAt,
    at: endedAt ?? acceptedAt,
    end_seq: item.endSeq,
  };
}

export interface DeadLettersOptions {
  backend: Backend;
  limits: CommsLimits;
  /** Wall time that never runs ahead of what the process lived through. */
  retentionNow: () => number;
}

/**
 * A session's dead letters in a log of their own, so that the inbox's log can be trimmed beside them. A letter follows
 * from the ending in the inbox's log: who finds it missing writes it under the same id.
 */
export class DeadLetters {
  readonly #backend: Backend;
  readonly #limits: CommsLimits;
  readonly #retentionNow: () => number;
  readonly #name: string;
  /** In the order of the log. */
  readonly #listed = new Map<string, Listed>();
  /** Those that were taken off the list, with the interaction that tries again. */
  readonly #dropped = new Map<string, string | undefined>();
  #chars = 0;
  #first = 1;
  #next = 1;
  #newestEnd = 0;
  /** Letters of ends up to this position are written, and some have gone again. */
  #goneThrough = 0;
  #loaded: Promise<void> | undefined;

  constructor(sessionId: string, { backend, limits, retentionNow }: DeadLettersOptions) {
    this.#backend = backend;
    this.#limits = limits;
    this.#retentionNow = retentionNow;
    this.#name = `dead/${sessionId}`;
  }

  /** Wall time from which the oldest letter goes; Infinity without one, or when nobody asked for them yet. */
  get trimAt(): number {
    const [oldest] = this.#listed.values();
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.at + this.#limits.deadLetterKeepMs;
  }

  /** Writes the letter of an end unless it was written before. */
  async add(item: InboxItem, letter: () => Promise<DeadLetter>): Promise<void> {
    await this.#load();
    if (!this.lacks(item)) return;
    await this.#append(derivedId(item.interactionId, "letter"), await letter());
    await this.trim();
  }

  /** It is known that the letter of the item's end is not written. */
  lacks({ interactionId, endSeq }: InboxItem): boolean {
    return (
      this.#loaded !== undefined &&
      endSeq > this.#goneThrough &&
      !this.#listed.has(interactionId) &&
      !this.#dropped.has(interactionId)
    );
  }

  /** It is known that the letter of the item's end is written, or was. */
  has(item: InboxItem): boolean {
    return this.#loaded !== undefined && !this.lacks(item);
  }

  /** Letters on the list, newest first: at most `limit`, and fewer when they are large. */
  async list(limit: number, chars: number): Promise<{ letters: DeadLetter[]; more: boolean }> {
    await this.#load();
    const chosen: Listed[] = [];
    let size = 0;
    for (const one of [...this.#listed.values()].reverse()) {
      size += one.chars;
      if (chosen.length === limit || (chosen.length > 0 && size > chars)) break;
      chosen.push(one);
    }
    const read = await Promise.all(chosen.map(({ seq }) => this.#read(seq)));
    const letters = read.filter((letter) => letter !== undefined);
    return { letters, more: chosen.length < this.#listed.size };
  }

  /** The letter, `dropped` with the interaction that tries it again, or nothing that is known. */
  async find(
    interactionId: string,
  ): Promise<{ letter: DeadLetter } | { dropped: string | undefined } | undefined> {
    await this.#load();
    const listed = this.#listed.get(interactionId);
    const letter = listed && (await this.#read(listed.seq));
    if (letter !== undefined) return { letter };
    if (!this.#dropped.has(interactionId)) return undefined;
    return { dropped: this.#dropped.get(interactionId) };
  }

  /** Takes a letter off the list. */
  async drop(interactionId: string, retriedAs?: string): Promise<void> {
    await this.#load();
    const retried = retriedAs === undefined ? {} : { retried_as: retriedAs };
    const entry = {
      t: "dropped" as const,
      interaction_id: interactionId,
      ...retried,
      end_seq: this.#newestEnd,
    };
    await this.#append(derivedId(interactionId, "letter dropped"), entry);
    await this.trim();
  }

  /** Lets go of letters that are too old or too many, and of what is off the list before them. */
  async trim(): Promise<void> {
    if (this.#loaded === undefined || this.#next <= 2) return;
    const before = this.#retentionNow() - this.#limits.deadLetterKeepMs;
    let count = this.#listed.size;
    let chars = this.#chars;
    const old: Listed[] = [];
    for (const one of this.#listed.values()) {
      if (count <= this.#limits.deadLettersMax && chars <= keptChars && one.at >= before) break;
      old.push(one);
      count -= 1;
      chars -= one.chars;
    }
    // The last entry stays: it tells the next process of which ends there was a letter.
    const first = [...this.#listed.values()][old.length]?.seq ?? this.#next - 1;
    if (first === this.#first) return;
    await this.#backend.trim(this.#name, { beforeSeq: first });
    this.#first = first;
    for (const one of old) {
      this.#unlist(one);
      this.#goneThrough = Math.max(this.#goneThrough, one.endSeq);
    }
    for (const id of this.#dropped.keys())
      if (this.#dropped.size > this.#limits.deadLettersMax) this.#dropped.delete(id);
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#catchUp().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const page = await this.#backend.read(this.#name, {
        fromSeq: this.#next,
        limit: pageLetters,
        chars: pageChars,
      });
      for (const { seq, body } of page) this.#apply(seq, JSON.parse(body), body.length);
      if (page.length === 0) break;
    }
  }

  async #append(id: string, entry: DeadLetter | DroppedLetter): Promise<void> {
    const body = JSON.stringify(entry);
    const result = await this.#backend.append(this.#name, {
      id,
      subject: entry.interaction_id,
      body,
    });
    // The log is the truth, whatever this append was answered.
    await this.#catchUp();
    if (result.outcome === "committed") return;
    const [found] = await this.#backend.read(this.#name, { fromSeq: 1, id, limit: 1 });
    if (found === undefined) throw new BackendError("io", "a dead letter was not stored");
  }

  #apply(seq: number, entry: DeadLetter | DroppedLetter, chars: number): void {
    if (seq < this.#next) return;
    if (this.#next === 1) {
      this.#first = seq;
      // The log begins behind what was trimmed.
      if (seq > 1) this.#goneThrough = entry.t === "letter" ? entry.end_seq - 1 : entry.end_seq;
    }
    this.#next = seq + 1;
    this.#newestEnd = Math.max(this.#newestEnd, entry.end_seq);
    const id = entry.interaction_id;
    if (entry.t === "letter") {
      this.#listed.set(id, { seq, interactionId: id, at: entry.at, endSeq: entry.end_seq, chars });
      this.#chars += chars;
      return;
    }
    const listed = this.#listed.get(id);
    if (listed !== undefined) this.#unlist(listed);
    this.#dropped.set(id, entry.retried_as);
  }

  #unlist({ interactionId, chars }: Listed): void {
    if (this.#listed.delete(interactionId)) this.#chars -= chars;
  }

  /** Undefined when it was trimmed meanwhile. */
  async #read(seq: number): Promise<DeadLetter | undefined> {
    const [found] = await this.#backend.read(this.#name, { fromSeq: seq, limit: 1 });
    return found?.seq === seq ? (JSON.parse(found.body) as DeadLetter) : undefined;
  }
}
