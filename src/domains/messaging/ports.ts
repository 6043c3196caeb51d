import type { CommsCommand, CommsEnvelope, InboundPolicy, LinkFrame } from "../../generated/types.js";
import type { Backend } from "../../kernel/backend.js";
import type { Clock } from "../../kernel/clock.js";
import type { Principal } from "../../kernel/context.js";
import type { Ids } from "../../kernel/ids.js";
import type { Logger } from "../../kernel/logger.js";
import type { PrincipalId } from "../../kernel/principal.js";
import type { RouteSource, TrustedRoute } from "./routing/route-source.js";

/** What the comms plane needs from outside; `daemon.ts` binds it. */
export interface CommsPorts {
  backend: Backend;
  clock: Clock;
  ids: Ids;
  log: Logger;
  directory: SessionDirectory;
  /** The peers of paired daemons; preferred to this daemon's own. */
  trusted?: RouteSource<TrustedRoute>;
  /** Links to paired daemons, whose sessions then are the trusted peers. */
  links?: Links;
  /** From 0 up to, not including, 1: spreads new tries. */
  random?: () => number;
  /** Whether what another daemon sent is a command. */
  isCommand?: (value: unknown) => value is CommsCommand;
  limits?: Partial<CommsLimits>;
}

export interface CommsLimits {
  /** Unsettled interactions of one inbox, copies of answers not counted, before senders have to wait. */
  inboxMax: number;
  /** Copies of answers that one inbox lists; older ones leave the list. */
  answersListed: number;
  /** Messages and requests of one sender that wait in one inbox before that sender is told to wait. */
  unreadPerSender: number;
  /** What one session may send to another each second, */
  sendsPerSecond: number;
  /** and how much at once. */
  sendsBurst: number;
  /** Messages between two sessions that each answer the other's, before they are slowed to one a second. */
  loopTurns: number;
  /** The same, when both only repeat themselves, before they are slowed to one a minute. */
  loopRepeats: number;
  /** Events of a session kept for replay. */
  sessionEventsMax: number;
  /** How long an event is kept for replay, milliseconds; those of interactions under way stay. */
  sessionKeepMs: number;
  /** How long the events of an ended interaction can be read by its id, milliseconds. */
  interactionKeepMs: number;
  /** How long a reservation waits for its reader, milliseconds. */
  reservationTtlMs: number;
  /** How long an idempotency key is remembered, milliseconds. */
  dedupeWindowMs: number;
  /** How often a command is given out before it is a dead letter; what a host gave back does not count. */
  attemptsMax: number;
  /** Dead letters of one session that are kept. */
  deadLettersMax: number;
  /** How long a dead letter is kept, milliseconds. */
  deadLetterKeepMs: number;
  /** What mailboxes may take in memory while nobody has to do with them, bytes, roughly. */
  idleMailboxBytes: number;
}

export const defaultLimits: CommsLimits = {
  inboxMax: 1024,
  answersListed: 256,
  unreadPerSender: 50,
  sendsPerSecond: 200,
  sendsBurst: 1_000,
  loopTurns: 1_000,
  loopRepeats: 16,
  sessionEventsMax: 10_000,
  sessionKeepMs: 86_400_000,
  interactionKeepMs: 3_600_000,
  reservationTtlMs: 30_000,
  dedupeWindowMs: 86_400_000,
  attemptsMax: 16,
  deadLettersMax: 1_000,
  deadLetterKeepMs: 7 * 86_400_000,
  idleMailboxBytes: 32 * 1024 * 1024,
};

/** A session as the sessions plane knows it now. */
export interface DirectorySession {
  readonly sessionId: string;
  readonly name: string;
  readonly principal: PrincipalId;
  readonly description: string | undefined;
  readonly labels: Record<string, string> | undefined;
  /** What it does with each kind; one that is not named is accepted. */
  readonly inboundPolicy: InboundPolicy;
  readonly closed: boolean;
  /** A host holds it now. */
  readonly live: boolean;
  /** Wall time, milliseconds; undefined without a live lease. */
  readonly leaseExpiresAt: number | undefined;
  /** The paired daemon whose session it is; absent for one of this daemon. */
  readonly endpointId?: string;
  /** Its identity at that daemon. */
  readonly peerId?: string;
}

/** A paired daemon. */
export interface LinkedDaemon {
  readonly endpointId: string;
  /** What it is called here. */
  readonly name: string;
  readonly url: string | undefined;
  /** The link is up. */
  readonly up: boolean;
  /** The contract that it speaks, while the link is up. */
  readonly contract: string | undefined;
}

/** Links to other daemons, as the comms plane uses them. */
export interface Links {
  /** The one paired first first. */
  all(): readonly LinkedDaemon[];
  isPaired(endpointId: string): boolean;
  isUp(endpointId: string): boolean;
  /** False without a link, and for what is too large for a frame: then nothing was sent. */
  send(endpointId: string, frame: LinkFrame): boolean;
  /** A signed envelope for the live link; undefined without one. */
  seal(endpointId: string, head: EnvelopeHead, payload: string): string | undefined;
  /** The envelope that the daemon sent; rejects when it is forged, repeated or no envelope. */
  open(endpointId: string, text: string): Promise<{ envelope: CommsEnvelope; fresh: boolean }>;
  watch(watcher: LinkWatcher): void;
}

/** What an envelope says besides what the link adds. */
export type EnvelopeHead = Omit<CommsEnvelope, "v" | "pair_seq" | "key_id" | "payload_b64" | "sig">;

/** Who is told what happens on links; all calls are synchronous and in order. */
export interface LinkWatcher {
  up(endpointId: string): void;
  down(endpointId: string): void;
  received(endpointId: string, frame: LinkFrame): void;
  removed(endpointId: string): void;
}

/** The sessions of this daemon. */
export interface SessionDirectory {
  readonly generation: number;
  byName(name: string): DirectorySession | undefined;
  /** Closed ones included, as far as they are still known. */
  byId(sessionId: string): DirectorySession | undefined;
  byIdSuffix(suffix: string): readonly DirectorySession[];
  /** Not closed, sorted by name. */
  all(): readonly DirectorySession[];
  closed(): readonly DirectorySession[];
  /** Calls after each step of `generation`; the result ends that. */
  onChange(listener: () => void): () => void;
  /** The session of that name, made for the principal when there is none. */
  ensure(name: string, principal: Principal): Promise<DirectorySession> | DirectorySession;
}
