import type { CommsCommand, Surface } from "../../../generated/types.js";
import type { GivenAnswer } from "../host/question-answers.js";
import type { Reservation } from "../streams/reservation.js";
import type { BatchClaim } from "./claim.js";
import type {
  AcceptedRecord,
  AnsweredEntry,
  Ending,
  MovedState,
  Origin,
  ReleasedEntry,
  Sender,
} from "./inbox-entry.js";

/** Most items never have any. */
const noAnswers: readonly Answer[] = [];
const noQuestionAnswers: readonly GivenAnswer[] = [];

/** An answer to an interaction. */
export interface Answer {
  readonly seq: number;
  readonly entry: AnsweredEntry;
  readonly at: number;
}

/** A decision about a held item. */
export interface Release {
  /** Its position in the inbox's log. */
  readonly seq: number;
  readonly decision: ReleasedEntry["decision"];
  /** Wall milliseconds. */
  readonly at: number;
}

/** How far a command of the outbox came. */
export interface Move {
  readonly state: MovedState;
  /** Wall milliseconds. */
  readonly at: number;
  readonly reason: string | undefined;
}

/** Most items never move this way. */
const noMoves: readonly Move[] = [];

/** One accepted command and what became of it. */
export interface InboxItem {
  /** Position in the inbox's log: the order in which it is offered. */
  readonly seq: number;
  readonly interactionId: string;
  readonly envelopeId: string;
  readonly sender: Sender;
  readonly surface: Surface;
  readonly kind: CommsCommand["kind"];
  /** Wall milliseconds. */
  readonly acceptedAt: number;
  readonly reserved: boolean;
  /** It is offered before what is queued. */
  readonly steer: boolean;
  /** What was accepted, while it is kept in memory. */
  entry: AcceptedRecord | undefined;
  /** Length of its JSON. */
  readonly chars: number;
  /** Length of the JSON of answers and outcome, which stay in memory. */
  saidChars: number;
  /** It waits for a decision and is not offered. */
  held: boolean;
  /** It is the copy of an answer that left the list for newer ones: neither listed nor offered. */
  omitted: boolean;
  release: Release | undefined;
  /** Wall milliseconds at which it ends unless a host has made it its own; Infinity when it does not. */
  readonly expiresAt: number;
  /** Monotonic time of that; Infinity once a host has. */
  deadline: number;
  /** It lies in the outbox. */
  readonly outbox: boolean;
  /** What its recipient's daemon said of it, in order. */
  moves: readonly Move[];
  /** Where it came from, when that is another daemon. */
  readonly origin: Origin | undefined;
  /** The other daemon knows all that came of it. */
  reported: boolean;
  settled: boolean;
  /** How often it was given to a host. */
  attempt: number;
  /** It is asked to end; who has it is told, and nobody else gets it. */
  cancelRequested: boolean;
  /** Hash of the claim whose host a drain has told so. */
  cancelTold: string | undefined;
  /** Its end is being written. */
  closing: boolean;
  /** How often a host gave it back to be offered again. */
  returned: number;
  claim: BatchClaim | undefined;
  /** The log has a claim of it, which may have run out, and not how it went. */
  taken: boolean;
  /** A claim of it is being written. */
  claiming: boolean;
  /** Hash of the claim that gave it back or settled it. */
  endedBy: string | undefined;
  /** Monotonic time before which it is not offered. */
  notBefore: number;
  answers: readonly Answer[];
  /** Answers to questions of its host, in order. */
  questionAnswers: readonly GivenAnswer[];
  ending: Ending | undefined;
  /** Wall time of the ending, milliseconds. */
  endedAt: number | undefined;
  /** Position of the ending in the inbox's log, 0 without one. */
  endSeq: number;
  reservation: Reservation | undefined;
}

/** An item as its acceptance makes it; `deadline` and the reservation are told by the one monotonic clock. */
export function acceptedItem(
  seq: number,
  entry: AcceptedRecord,
  { sender, chars, deadline, reservation }: Pick<InboxItem, "sender" | "chars" | "deadline" | "reservation">,
): InboxItem {
  return {
    seq,
    interactionId: entry.interaction_id,
    envelopeId: entry.envelope_id,
    sender,
    surface: entry.surface,
    kind: entry.command.kind,
    acceptedAt: entry.at,
    reserved: entry.reserved,
    steer: entry.command.options?.handling === "steer",
    entry: undefined,
    chars,
    saidChars: 0,
    held: entry.held === true,
    omitted: false,
    release: undefined,
    expiresAt: entry.expires_at ?? Number.POSITIVE_INFINITY,
    deadline,
    outbox: entry.outbox === true,
    moves: noMoves,
    origin: entry.origin,
    reported: false,
    settled: false,
    attempt: 0,
    cancelRequested: false,
    cancelTold: undefined,
    closing: false,
    returned: 0,
    claim: undefined,
    taken: false,
    claiming: false,
    endedBy: undefined,
    notBefore: 0,
    answers: noAnswers,
    questionAnswers: noQuestionAnswers,
    ending: undefined,
    endedAt: undefined,
    endSeq: 0,
    reservation,
  };
}

/** A host has it, or is about to. */
export function isClaimed({ claim, claiming }: InboxItem, now: number): boolean {
  return claiming || (claim !== undefined && claim.until > now);
}

/** Items that a policy holds are not shown before their release, and not those that ran out or were answered. */
export function isShown({ held, omitted, ending, deadline }: InboxItem, now: number): boolean {
  return !held && !omitted && ending === undefined && deadline > now;
}

/** As many as have room together, characters of JSON, and always the first. */
export function itemsWithin(items: readonly InboxItem[], most: number): readonly InboxItem[] {
  let left = most;
  const end = items.findIndex(({ chars }, at) => {
    left -= chars;
    return left < 0 && at > 0;
  });
  return end === -1 ? items : items.slice(0, end);
}
