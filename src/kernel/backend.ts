/**
 * The port behind which everything durable lives. Each engine (memory, sqlite, later nats) keeps exactly these
 * semantics; there is no multi-key transaction, so a change of several parts is one append or a sequence of
 * single compare-and-sets with a sweeper.
 */
export interface Backend {
  /**
   * Resolves when the entry is durable. Idempotent by `id` within the log: a repeat returns the first position,
   * whatever its `expectSeq`. Positions rise by one from 1.
   */
  append(log: string, entry: NewEntry): Promise<AppendResult>;
  /** Entries with `seq >= fromSeq`, ascending, at most `limit` (1..1024). */
  read(log: string, options: ReadOptions): Promise<LogEntry[]>;
  /** The newest position of the log, 0 when it is empty. Kept after `trim`. */
  lastSeq(log: string): Promise<number>;
  /**
   * Everything kept from `fromSeq` on, then what is appended; at least once, in order; ends only by `signal` or a
   * thrown BackendError. Entries trimmed before the consumer took them are left out. The consumer sets the pace.
   */
  tail(log: string, options: TailOptions): AsyncIterable<LogEntry>;
  /** Removes entries below a position, and forgets their ids. Idempotent; after a failure part of them may be gone. */
  trim(log: string, options: { beforeSeq: number }): Promise<void>;
  /** The live value; undefined when absent or a tombstone. Linearizable. */
  get(bucket: string, key: string): Promise<Versioned | undefined>;
  /**
   * Compare-and-set of one key. `expectRev` 0 means absent (never written, or a tombstone, whose own rev never
   * matches); `value` undefined writes a tombstone. The new `rev` is greater than any the bucket has had, so it
   * serves as fence. A conflict tells the `expectRev` that would have matched.
   */
  cas(bucket: string, key: string, change: KeyChange): Promise<CasResult>;
  /**
   * Live keys with the prefix in key order (by code point), with the bucket position to watch from. Entries may be
   * newer than `rev`, watching from it gives those again: nothing is missed.
   */
  list(bucket: string, prefix?: string): Promise<{ entries: KeyEntry[]; rev: number }>;
  /**
   * Changes with `rev > fromRev` in order; of a key changed several times, at least the newest. Ends only by `signal`
   * or a thrown BackendError; `compacted` when tombstones after `fromRev` are already cleaned up: list again.
   */
  watch(bucket: string, options: WatchOptions): AsyncIterable<KeyChangeEvent>;
  /** Best effort, no replay. */
  signal(topic: string, payload: string): void;
  onSignal(topic: string, listener: (payload: string) => void): () => void;
  info(): Promise<BackendInfo>;
  /** Waits for what was accepted, then releases everything. Later calls reject with `closed`. */
  close(): Promise<void>;
}

export interface NewEntry {
  /** UUID in lower case, unique in the log; the engine dedupes by it for the log's whole kept life. */
  id: string;
  /** Filter key of the entry, for example the interaction id; at most 256 characters. */
  subject: string;
  /** UTF-8 text, JSON by convention; at most 512 KiB. */
  body: string;
  /** When given: the log's last position must be this, else `conflict`. */
  expectSeq?: number;
  /** Nobody waits for it: it may go with the next write that somebody waits for, some milliseconds later at most. */
  deferrable?: boolean;
}

export type AppendResult =
  | { outcome: "committed"; seq: number; duplicate: boolean }
  | { outcome: "conflict"; lastSeq: number }
  /** It may or may not have been committed: read by id before any other step. */
  | { outcome: "unknown"; cause: unknown };

export interface ReadOptions {
  fromSeq: number;
  subject?: string;
  /** Look up one entry by its id instead of by position. */
  id?: string;
  limit: number;
  /** No more is read once the bodies have this many characters; without it, all up to `limit` are. */
  chars?: number;
}

export interface TailOptions {
  fromSeq: number;
  subject?: string;
  signal: AbortSignal;
}

export interface LogEntry {
  seq: number;
  id: string;
  subject: string;
  body: string;
}

export interface Versioned {
  value: string;
  rev: number;
  /** Milliseconds since the epoch. The owner compares it with its own clock; the engine only cleans up long after it. */
  expiresAt?: number;
}

export interface KeyEntry extends Versioned {
  key: string;
}

export interface KeyChange {
  expectRev: number;
  value: string | undefined;
  expiresAt?: number;
}

export type CasResult =
  | { outcome: "committed"; rev: number }
  | { outcome: "conflict"; rev: number }
  | { outcome: "unknown"; cause: unknown };

export interface WatchOptions {
  prefix?: string;
  fromRev: number;
  signal: AbortSignal;
}

export interface KeyChangeEvent {
  key: string;
  rev: number;
  /** Absent for a tombstone. */
  value?: string;
  expiresAt?: number;
}

/** What every engine takes as the body of one entry, bytes of UTF-8. */
export const maxEntryBytes: number = 512 * 1024;

export interface BackendInfo {
  engine: "memory" | "sqlite" | "nats";
  /** What a resolved append promises. */
  durability: "none" | "fsync" | "majority_fsync";
  version: string;
  limits: { bodyBytes: number; subjectChars: number };
}

/**
 * - `closed`: the backend was closed.
 * - `full`, `read_only`: no space, or no right to write; later calls may succeed, no restart needed.
 * - `corrupt`: the stored data cannot be read as ours; nothing was replaced.
 * - `version`: the data or the engine has a version that this program does not work with.
 * - `locked`: another process has it open.
 * - `compacted`: the watch position is older than what is kept.
 * - `too_large`: a part of the request exceeds `info().limits`.
 * - `io`: anything else; after an I/O error of uncertain outcome every later call.
 */
export type BackendErrorCode =
  | "closed"
  | "full"
  | "read_only"
  | "corrupt"
  | "version"
  | "locked"
  | "compacted"
  | "too_large"
  | "io";

/** A definite failure: nothing was written (of a `trim`, perhaps a part). */
export class BackendError extends Error {
  override name = "BackendError";
  readonly code: BackendErrorCode;
  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
