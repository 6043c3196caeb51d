/** A tombstone goes after this age; its rev is never given out again, because revs come from a stored counter. */
export const tombstoneKeptMs = 24 * 3_600_000;
/** A key whose `expiresAt` is this long ago becomes a tombstone: clean-up only, owners decide by their own clock. */
export const expiredKeptMs = 7 * 24 * 3_600_000;
/** How often an engine cleans up. */
export const sweepEveryMs = 3_600_000;
