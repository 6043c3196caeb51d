import type { PlaneHandlers } from "../../kernel/handlers.js";
import { close } from "./close.js";
import { Directory } from "./directory.js";
import { dismiss } from "./dismiss.js";
import { drain } from "./drain.js";
import { dropDeadLetter } from "./drop_dead_letter.js";
import { emit } from "./emit.js";
import { get } from "./get.js";
import { list } from "./list.js";
import { listDeadLetters } from "./list_dead_letters.js";
import { listHeld } from "./list_held.js";
import { listInbox } from "./list_inbox.js";
import { mergeConsole } from "./merge-console.js";
import { open } from "./open.js";
import type { SessionsPorts } from "./ports.js";
import { releaseHeld } from "./release_held.js";
import { retryDeadLetter } from "./retry_dead_letter.js";
import { settle } from "./settle.js";

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
