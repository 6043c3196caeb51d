import type { Clock } from "../../../kernel/clock.js";

/**
 * Wall time for deciding what is old enough to go. It never runs ahead of the time that the process lived through, so a
 * wall clock that is set forward, or a night's sleep, takes nothing away before its time.
 */
export function retentionTime(clock: Clock): () => number {
  const base = clock.now() - clock.monotonic();
  return () => Math.min(clock.now(), base + clock.monotonic());
}
