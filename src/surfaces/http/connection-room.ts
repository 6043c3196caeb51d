/** Connections of one listener. */
export interface Room {
  /** Served at once. */
  served: number;
  /** Those above `served` that still get an answer, `quota_exceeded`; what comes beyond these is closed unread. */
  surplus: number;
}

/** Files of the daemon besides its connections: store, log, listeners, links to other daemons, pages. */
const ownFiles = 64;
const mostSurplus = 256;
/** As many files as connections over TCP never take, unless half of all are fewer. */
const keptForUnix = 2_048;

/** With fewer open files than this no daemon starts. */
export const fewestOpenFiles: number = 2 * ownFiles;

/**
 * Shares the files that this process may open, so that a connection too many gets an answer instead of a reset. The user's
 * socket has files that connections over TCP never take; `openFiles` is undefined where there is no limit.
 */
export function connectionRoom(
  connections: number,
  openFiles = Number.POSITIVE_INFINITY,
): { tcp: Room; unix: Room } {
  const files = openFiles - ownFiles;
  const tcp = share(connections, Math.max(Math.floor(files / 2), files - keptForUnix));
  return { tcp, unix: share(Number.POSITIVE_INFINITY, files - tcp.served - tcp.surplus) };
}

function share(connections: number, files: number): Room {
  const surplus = Math.min(mostSurplus, Math.floor(files / 4));
  return { served: Math.min(connections, files - surplus), surplus };
}
