import type { BackendErrorCode } from "../../kernel/backend.js";
import type { IoFault } from "./io-fault.js";

/** What the writer thread is started with. */
export interface WriterStart {
  path: string;
  faults: IoFault[];
  /** Most pages that the database may have, for tests of a full disk. */
  maxPages: number | undefined;
  /** Appends after which they are folded; undefined for the writer's own figure. */
  foldRows: number | undefined;
}

export const append = 1;
export const cas = 2;
export const trim = 3;
export const sweep = 4;

/**
 * To the writer: one flat array per batch, `[now, op, field, ...]`, because arrays of primitives clone cheapest.
 * append: log, id, subject, body, expectSeq (-1 for none) · cas: bucket, key, expectRev, value or null, expiresAt or
 * null · trim: log, beforeSeq · sweep: after which slot, tombstones before, expired before. An empty array closes.
 */
export type BatchMessage = (string | number | null)[];

/** How many array places each op takes, itself included. */
export const opLength: Record<number, number> = { [append]: 6, [cas]: 6, [trim]: 3, [sweep]: 4 };

export const committed = 0;
export const duplicate = 1;
export const conflict = 2;

/** From the writer, per op of the batch: outcome, number (seq, rev, or where a trim or sweep goes on; 0 = finished). */
export interface BatchDone {
  type: "done";
  results: number[];
}

/** The whole batch failed; `uncertain` when it may be on disk nevertheless. After `fatal` nothing is acknowledged any more. */
export interface BatchFailed {
  type: "failed";
  error: WireError;
  uncertain: boolean;
  fatal: boolean;
}

export type WriterReply =
  | { type: "ready" }
  | { type: "refused"; error: WireError }
  | BatchDone
  | BatchFailed
  /** Everything that was acknowledged before is in the logs' own places: the recent appends are no longer needed. */
  | { type: "folded" }
  /** A failure outside a batch, for example while copying the log back into the database. */
  | { type: "fatal"; error: WireError };

/** A BackendError's parts: its class does not survive the way between threads. */
export interface WireError {
  code: BackendErrorCode;
  message: string;
}
