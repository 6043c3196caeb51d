/** The hold on a session's name, as the daemon has it in memory; only changes of the holder are durable. */
export interface SessionLease {
  /** Hash of the holder's token. */
  readonly holder: string;
  readonly ttlMs: number;
  /** Monotonic time at which it ends; of no effect while it is bound or pinned. */
  readonly until: number;
  /** The WebSocket that keeps it alive. */
  readonly connection?: string;
  /** Drains of the holder that wait now. */
  readonly pins: number;
}

/** A lease lives while its connection does, while its holder waits in a drain, else until its time. */
export function isLive(lease: SessionLease | undefined, now: number): lease is SessionLease {
  return lease !== undefined && (lease.connection !== undefined || lease.pins > 0 || lease.until > now);
}

/** What opening a name comes to. */
export type OpenMove =
  /** The name is free. */
  | "create"
  /** The holder again: nothing durable changes but what it says of itself. */
  | "renew"
  /** A new holder: the fence rises. */
  | "take"
  | "taken"
  | "stale";

export interface OpenQuestion {
  /** A record exists and is not closed. */
  exists: boolean;
  live: boolean;
  /** The caller may use the session at all. */
  allowed: boolean;
  holder: string | undefined;
  previous: string | undefined;
  /** Hash of the token that the caller showed. */
  shown: string | undefined;
}

/** Decides who gets a name. */
export function decideOpen(question: OpenQuestion): OpenMove {
  const { exists, live, allowed, holder, previous, shown } = question;
  if (!exists) return "create";
  if (!allowed) return "taken";
  if (shown !== undefined && shown === holder) return "renew";
  if (shown !== undefined && shown === previous) return "stale";
  return live ? "taken" : "take";
}
