import type { Clock } from "../../kernel/clock.js";

export interface HeartbeatOptions {
  clock: Clock;
  intervalMs: number;
  /** Pings in a row without any life that end the connection. */
  missed: number;
  /** Whether the other side showed life since the last question. */
  alive(): boolean;
  ping(): void;
  dead(): void;
}

/** Asks the other side whether it lives, and gives it up after some silence. The result stops it. */
export function startHeartbeat({
  clock,
  intervalMs,
  missed,
  alive,
  ping,
  dead,
}: HeartbeatOptions): () => void {
  let asked = 0;
  let cancel: () => void;
  const beat = (): void => {
    if (alive()) asked = 0;
    if (asked === missed) {
      dead();
      return;
    }
    asked += 1;
    ping();
    cancel = clock.after(intervalMs, beat);
  };
  cancel = clock.after(intervalMs, beat);
  return () => cancel();
}
