import type { PlaneHandlers } from "../../kernel/handlers.js";
import { Directory } from "./directory/directory.js";
import { mergeConsole } from "./directory/merge-console.js";
import { close } from "./sessions/close.js";
import { dismiss } from "./sessions/dismiss.js";
import { drain } from "./sessions/drain.js";
import { dropDeadLetter } from "./sessions/drop_dead_letter.js";
import { emit } from "./sessions/emit.js";
import { get } from "./sessions/get.js";
import { list } from "./sessions/list.js";
import { listDeadLetters } from "./sessions/list_dead_letters.js";
import { listHeld } from "./sessions/list_held.js";
import { listInbox } from "./sessions/list_inbox.js";
import { open } from "./sessions/open.js";
import { releaseHeld } from "./sessions/release_held.js";
import { retryDeadLetter } from "./sessions/retry_dead_letter.js";
import { settle } from "./sessions/settle.js";
import type { SessionsPorts } from "./sessions-ports.js";

export interface SessionsPlane {
  readonly handlers: PlaneHandlers<"sessions">;
  readonly directory: Directory;
  /** Loads the directory; call before any other. */
  start(): Promise<void>;
  /** Stops the timers; leases of connections that close from now on outlive the daemon. */
  close(): Promise<void>;
}

/** Sessions, who holds them, and what a host does with its inbox. */
export function createSessionsPlane(ports: SessionsPorts): SessionsPlane {
  const directory = new Directory({
    replacedKeepMs: 3_600_000,
    ...ports,
    retire: (sessionId) => ports.inboxes().closeSession(sessionId),
  });
  return {
    directory,
    handlers: {
      open: open(directory, ports),
      list: list(directory, ports),
      get: get(directory, ports),
      close: close(directory, ports),
      drain: drain(directory, ports),
      emit: emit(directory, ports),
      settle: settle(directory, ports),
      dismiss: dismiss(directory, ports),
      list_inbox: listInbox(directory, ports),
      list_held: listHeld(directory, ports),
      release_held: releaseHeld(directory, ports),
      list_dead_letters: listDeadLetters(directory, ports),
      retry_dead_letter: retryDeadLetter(directory, ports),
      drop_dead_letter: dropDeadLetter(directory, ports),
    },
    async start() {
      await directory.load();
      await mergeConsole(directory, ports.inboxes());
    },
    async close() {
      directory.stop();
    },
  };
}
