import type {
  Claim,
  DeadLetter,
  HeldInteraction,
  HostEvent,
  InboxInteraction,
  Outcome,
  QuestionAnswer,
  SessionsListInboxResponse,
} from "../../generated/types.js";
import type { Backend } from "../../kernel/backend.js";
import type { Clock } from "../../kernel/clock.js";
import type { Ids } from "../../kernel/ids.js";
import type { Logger } from "../../kernel/logger.js";
import type { PrincipalId } from "../../kernel/principal.js";

/** What the sessions plane needs from outside; `daemon.ts` binds it. */
export interface SessionsPorts {
  backend: Backend;
  clock: Clock;
  ids: Ids;
  log: Logger;
  /** The comms plane's inboxes; asked for at call time, because both planes need each other. */
  inboxes: () => SessionInboxes;
  /** How long a closed session is known after another has taken its name, milliseconds; an hour unless told. */
  replacedKeepMs?: number;
}

/** What a host does with its session's inbox and log. */
export interface SessionInboxes {
  /** What is on its way to a session of another daemon, by the name that the session has here. */
  outboxOf(name: string): { sessionId: string; name: string; principal: PrincipalId } | undefined;
  summary(sessionId: string): Promise<{ unread: number; lastSequence: number }>;
  drain(request: DrainRequest): Promise<{
    claim?: Claim;
    interactions: InboxInteraction[];
    cancel_requested?: string[];
    answers?: QuestionAnswer[];
  }>;
  emit(
    request: EmitRequest,
  ): Promise<{ lastSequence: number; claimExpiresAt: number; cancelRequested: boolean }>;
  settle(request: SettleRequest): Promise<{ alreadySettled: boolean }>;
  /** What waits, oldest first; nothing is claimed. */
  list(request: ListRequest): Promise<SessionsListInboxResponse>;
  /** Ends a message or an answer that no host has claimed. */
  dismiss(sessionId: string, interactionId: string): Promise<{ alreadyDismissed: boolean }>;
  /** What the session's policy holds back, oldest first. */
  held(sessionId: string, limit: number): Promise<{ held: HeldInteraction[]; more: boolean }>;
  releaseHeld(
    sessionId: string,
    interactionId: string,
    decision: "deliver" | "refuse",
  ): Promise<{ alreadyReleased: boolean }>;
  /** What ended without its work done, newest first. */
  deadLetters(sessionId: string, limit: number): Promise<{ letters: DeadLetter[]; more: boolean }>;
  retryDeadLetter(
    sessionId: string,
    interactionId: string,
  ): Promise<{ interactionId: string; alreadyRetried: boolean }>;
  dropDeadLetter(sessionId: string, interactionId: string): Promise<{ alreadyDropped: boolean }>;
  /** Copies what waits in one session's inbox, and its dead letters, to another's; before either is used. Idempotent. */
  copyWaiting(move: { from: string; to: string }): Promise<void>;
  /** Ends an inbox whose items were copied. Idempotent. */
  sealMoved(move: { from: string; to: string }): Promise<void>;
  /** Ends all that waits and refuses what comes later. Idempotent. */
  closeSession(sessionId: string): Promise<void>;
}

export interface DrainRequest {
  sessionId: string;
  fence: number;
  max: number;
  /** Minted by the caller: a repeat with it gets the same batch. */
  claimToken?: string | undefined;
  /** Tokens of claims that the host still works under; they are renewed first. */
  held?: readonly string[];
  /** Envelopes of answers to questions that the host has; without it each answer comes once for a claim. */
  answersReceived?: readonly string[] | undefined;
  /** Without it only what is there now counts. */
  wait?: { ms: number; signal: AbortSignal };
  /** Throws when the caller is gone or no longer the holder: then nothing may be claimed for it. */
  requireWanted(): void;
}

export interface ListRequest {
  sessionId: string;
  /** Position after which the page starts. */
  after: number;
  limit: number;
  /** Only this interaction, whatever its state. */
  interactionId?: string | undefined;
  /** How long an empty page waits for its first item. */
  wait: { ms: number; signal: () => AbortSignal };
}

export interface ClaimedRequest {
  sessionId: string;
  fence: number;
  claimToken: string;
  interactionId: string;
}

export interface EmitRequest extends ClaimedRequest {
  events: readonly HostEvent[];
  idempotencyKey?: string;
}

export interface SettleRequest extends ClaimedRequest {
  outcome: Outcome;
}
