import type { Socket } from "node:net";
import type { Clock } from "../../kernel/clock.js";

const intervalMs = 10_000;
/** Looks in a row at which nothing had left of what waits, before the connection is cut. */
const missedLooks = 3;
/** One look more for each of these: a write counts as a whole, and a slow reader needs its time for a large one. */
const bytesPerLook = 256 * 1024;

/**
 * Cuts connections that take nothing of what waits for them: each holds memory, and the system believes in a peer that
 * acknowledges without reading. The result stops the looking.
 */
export function cutStalledReaders(open: ReadonlySet<Socket>, clock: Clock): () => void {
  let waiting = new Map<Socket, { left: number; missed: number }>();
  let cancel = clock.after(intervalMs, look);

  function look(): void {
    const still: typeof waiting = new Map();
    for (const socket of open) {
      const bytes = socket.writableLength;
      if (bytes === 0) continue;
      const left = socket.bytesWritten - bytes;
      const before = waiting.get(socket);
      const missed = before?.left === left ? before.missed + 1 : 0;
      if (missed >= missedLooks + Math.floor(bytes / bytesPerLook)) socket.destroy();
      else still.set(socket, { left, missed });
    }
    waiting = still;
    cancel = clock.after(intervalMs, look);
  }

  return () => cancel();
}
