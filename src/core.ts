import { type CommsPlane, createCommsPlane } from "./domains/messaging/comms-plane.js";
import type { CommsLimits } from "./domains/messaging/ports.js";
import { createSessionsPlane } from "./domains/messaging/sessions-plane.js";
import { type Scope, scopes } from "./generated/operations.js";
import type { Backend } from "./kernel/backend.js";
import { type Clock, systemClock } from "./kernel/clock.js";
import type { Principal } from "./kernel/context.js";
import { createDispatch, handlerTable } from "./kernel/dispatch.js";
import { type Ids, systemIds } from "./kernel/ids.js";
import { type Logger, silentLogger } from "./kernel/logger.js";
import { localName } from "./kernel/principal.js";
import { createValidators } from "./kernel/validate.js";
import { openMemory } from "./storage/memory/open-memory.js";
import { openSqlite } from "./storage/sqlite/open-sqlite.js";
import { CommsRuntime } from "./surfaces/embedded/comms-runtime.js";

export { ContractError } from "./kernel/contract-error.js";
export type {
  CommsRuntime,
  CoreCommand,
  CoreStreamOptions,
  DrainOptions,
} from "./surfaces/embedded/comms-runtime.js";
export type { EventStream } from "./surfaces/embedded/event-stream.js";
export { SendAndStreamError } from "./surfaces/embedded/send-and-stream-error.js";
export type { InteractionStreamSender } from "./surfaces/embedded/stream-sender.js";

export interface CoreOptions {
  /** File of a durable store that no daemon has open. Default: memory, which ends with the process. */
  path?: string;
  /** A store of the caller's own, in place of `path`; it stays open when the core closes. */
  backend?: Backend;
  clock?: Clock;
  ids?: Ids;
  log?: Logger;
  limits?: Partial<CommsLimits>;
}

/** Sessions and comms inside one process, without a daemon or a socket. */
export interface Core extends AsyncDisposable {
  /** Comms as one session; default: the local user's own. */
  as(session?: string): CommsRuntime;
  /** Ends what its runtimes do; what was accepted stays in the store. */
  close(): Promise<void>;
}

/** Opens the planes of a daemon for the embedding program alone, which is the local user and may do everything. */
export async function openCore(options: CoreOptions = {}): Promise<Core> {
  const clock = options.clock ?? systemClock;
  const ambient = { clock, ids: options.ids ?? systemIds(clock), log: options.log ?? silentLogger };
  // What a start that fails half-way has opened is closed again.
  await using opened = new AsyncDisposableStack();
  const backend = options.backend ?? (await openStore(options.path, clock));
  if (options.backend === undefined) opened.defer(() => backend.close());
  const sessions = createSessionsPlane({ ...ambient, backend, inboxes: () => comms.inboxes });
  const comms: CommsPlane = createCommsPlane({
    ...ambient,
    backend,
    directory: sessions.directory,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const dispatch = createDispatch({
    // What a daemon tells of itself and of others has no place here, and a runtime has no way to ask for it.
    handlers: handlerTable({
      system: {} as never,
      endpoints: {} as never,
      sessions: sessions.handlers,
      comms: comms.handlers,
    }),
    validators: createValidators(),
    sessionOwner: (name) => sessions.directory.byName(name)?.principal,
  });
  const ended = new AbortController();
  const principal: Principal = {
    name: localName,
    kind: "local",
    scopes: new Set<Scope>(scopes),
    sessions: ["*"],
    ended: ended.signal,
  };
  await sessions.start();
  await comms.start();
  opened.move();
  const runtimes = new Set<CommsRuntime>();
  const close = async (): Promise<void> => {
    await comms.close();
    await Promise.all([...runtimes].map((runtime) => runtime.close()));
    await dispatch.drain();
    await sessions.close();
    if (options.backend === undefined) await backend.close();
  };
  return {
    as(session) {
      const runtime: CommsRuntime = new CommsRuntime({
        ambient,
        dispatch,
        principal,
        ...(session === undefined ? {} : { session }),
        release: (interactionId) => comms.release(interactionId),
        onClosed(connectionId) {
          runtimes.delete(runtime);
          sessions.directory.connectionClosed(connectionId);
        },
      });
      runtimes.add(runtime);
      return runtime;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openStore(path: string | undefined, clock: Clock): Promise<Backend> {
  if (path === undefined) return openMemory({ clock });
  return openSqlite({ path, clock });
}
