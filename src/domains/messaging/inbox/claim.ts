/** How long a batch belongs to the host that drained it, from its last sign of life. */
export const claimTtlMs = 60_000;

/** A batch of interactions given to one host; its items share the one object. */
export interface BatchClaim {
  /** SHA-256 of the token. */
  readonly hash: string;
  /** The holder of the session at that time. */
  readonly fence: number;
  /** Monotonic milliseconds; moved on by each sign of life. */
  until: number;
}

/** Whether the claim is this one and its holder still has the session; it may have run out. */
export function isClaimOf(claim: BatchClaim | undefined, hash: string, fence: number): claim is BatchClaim {
  return claim !== undefined && claim.hash === hash && claim.fence >= fence;
}

/** A claim ends with its time, and when the session has a new holder. */
export function claimLives(claim: BatchClaim | undefined, fence: number, now: number): claim is BatchClaim {
  return claim !== undefined && claim.until > now && claim.fence >= fence;
}
