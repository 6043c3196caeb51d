import type {
  CommsCommand,
  FailureReason,
  InputCommand,
  Outcome,
  PeerMessageCommand,
  PeerResponseCommand,
  Surface,
  Usage,
} from "../../../generated/types.js";
import type { StoredPrincipal } from "../../../kernel/principal.js";
import type { EndState } from "../streams/reservation.js";

/** Who sent a command. */
export interface Sender extends StoredPrincipal {
  session_id: string;
  name: string;
}

interface AcceptedBase {
  envelope_id: string;
  sender: Sender;
  /** Wall milliseconds at which it ends unless a host made it its own; absent in what older daemons wrote. */
  expires_at?: number;
  /** Set when the sender gave a key: what the key stands for. */
  body_hash?: string | undefined;
  surface: Surface;
  traceparent?: string | undefined;
  /** It goes over a link: what is said here waits for the recipient's daemon. */
  outbox?: true;
}

/** Where a command began that came over a link. */
export interface Origin {
  /** The paired daemon of its sender. */
  endpoint_id: string;
  /** The interaction there. */
  interaction_id: string;
}

/** A command was accepted: the one durable fact behind its receipt, reservation and idempotency key. */
export interface AcceptedEntry extends AcceptedBase {
  t: "accepted";
  interaction_id: string;
  command: CommsCommand;
  reserved: boolean;
  /** The dead letter of which this is another try. */
  retry_of?: string;
  /** The command asks for the end of this interaction, which its sender knows as `told_as`; a host had it when it did. */
  cancel?: { interaction_id: string; claimed?: true; told_as?: string };
  /** The recipient's policy keeps it from the host until somebody decides. */
  held?: true;
  origin?: Origin;
}

/**
 * An answer was accepted. It lies in the log of the session that answers, beside the interaction, and is the truth about
 * it; the interaction's events and the copy in the asker's inbox follow from it and are repaired from it.
 */
export interface AnsweredEntry extends AcceptedBase {
  t: "answered";
  interaction_id: string;
  command: PeerResponseCommand;
  /** Where the answer is queued; absent when the asker reads it from the reserved stream. */
  queue?: { session_id: string; interaction_id: string; held?: true };
}

/**
 * A question of the interaction's host was answered. The answer lies beside the interaction and reaches the host as part of
 * it; the first one of a question counts.
 */
export interface InputAnsweredEntry extends AcceptedBase {
  t: "input_answered";
  interaction_id: string;
  /** The question. */
  request_id: string;
  command: InputCommand | PeerMessageCommand;
  origin?: Origin;
}

export interface ClaimedEntry {
  t: "claimed";
  claim: string;
  fence: number;
  interactions: string[];
}

/** How a host ended its work: the truth; the terminal event follows from it. */
export interface SettledEntry {
  t: "settled";
  interaction_id: string;
  claim: string;
  outcome: Outcome;
}

/** Somebody decided about a held command; the first decision counts. */
export interface ReleasedEntry {
  t: "released";
  interaction_id: string;
  decision: "deliver" | "refuse";
}

/** The session's owner took a message or an answer off the inbox that no host had claimed. */
export interface DismissedEntry {
  t: "dismissed";
  interaction_id: string;
}

/** No host made it its own in its time. */
export interface ExpiredEntry {
  t: "expired";
  interaction_id: string;
}

/** So many claims of it ran out that it is offered no more. */
export interface LapsedEntry {
  t: "lapsed";
  interaction_id: string;
}

/** How far a command in the outbox came at its recipient's daemon; each state once. */
export interface MovedEntry {
  t: "moved";
  interaction_id: string;
  state: MovedState;
  reason?: string;
}

/** Its recipient's daemon, or what keeps it from there, ended a command of the outbox. */
export interface EndedEntry {
  t: "ended";
  interaction_id: string;
  ending: Ending;
}

/** All that came of a command from over a link is known to its sender's daemon. */
export interface ReportedEntry {
  t: "reported";
  interaction_id: string;
}

/** From here on, while `up`, commands of the outbox may have left without that being known. */
export interface LinkedEntry {
  t: "linked";
  up: boolean;
}

/** The session was closed: what is unsettled ends, what comes later ends at once. */
export interface ClosedEntry {
  t: "closed";
  /** What waited has been copied to this session's logs and ends there. */
  moved_to?: string;
}

/** The interaction's reservation reached its end state; without a state the reader closed its stream for good. */
export interface StreamEndedEntry {
  t: "stream_ended";
  interaction_id: string;
  state?: EndState;
}

/** What the events of an interaction said before they were trimmed. */
export interface TrimmedEvents {
  last: number;
  sealed: boolean;
  answers: number;
  /** They told that the host made it its own. */
  ingested?: true;
  /** They told that it was held no more. */
  released?: true;
  /** They told that it came this far at its recipient's daemon. */
  moved?: MovedState[];
  /** Questions that they asked and that can still be answered. */
  questions?: string[];
  /** Envelopes of the answers to questions whose delivery they told. */
  answered?: string[];
}

/**
 * Written before events are trimmed: what the trimmed part said about interactions that are still known. Settled ones
 * that are neither listed nor in the kept events are over and forgotten.
 */
export interface TrimmedEntry {
  t: "trimmed";
  interactions: { [interactionId: string]: TrimmedEvents };
  /** Entries with the same one are parts of one list. */
  list: string;
  /** The list goes on in the next entry. */
  more?: true;
}

export type InboxEntry = (
  | AcceptedEntry
  | AnsweredEntry
  | InputAnsweredEntry
  | ClaimedEntry
  | SettledEntry
  | ReleasedEntry
  | DismissedEntry
  | ExpiredEntry
  | LapsedEntry
  | MovedEntry
  | EndedEntry
  | ReportedEntry
  | LinkedEntry
  | ClosedEntry
  | StreamEndedEntry
  | TrimmedEntry
) & {
  /** Milliseconds since the epoch. */
  at: number;
  /** Answers up to this position of the log are in their askers' inboxes. */
  queued_through?: number | undefined;
};

/** An acceptance as the log has it. */
export type AcceptedRecord = InboxEntry & AcceptedEntry;
export type AnsweredRecord = InboxEntry & AnsweredEntry;
export type InputAnsweredRecord = InboxEntry & InputAnsweredEntry;

/** How far a command of the outbox can come before it ends. */
export type MovedState = "ambiguous" | "delivered" | "held" | "ingested";

/** How far a command came that ended before a host made it its own. */
export type Undelivered = "refused" | "expired" | "dead";

/** How an interaction ends: the first of these in its log decides. */
export type Ending =
  | { kind: "complete"; result: unknown; usage?: Usage }
  | {
      kind: "failed";
      reason: FailureReason;
      undelivered: Undelivered;
      /** It is a dead letter, which can be tried again. */
      letter?: true;
    };
