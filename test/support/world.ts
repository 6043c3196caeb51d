import { type CommsPlane, createCommsPlane } from "../../src/domains/messaging/comms-plane.js";
import type { CommsLimits, Links } from "../../src/domains/messaging/ports.js";
import type { RouteSource, TrustedRoute } from "../../src/domains/messaging/routing/route-source.js";
import { createSessionsPlane, type SessionsPlane } from "../../src/domains/messaging/sessions-plane.js";
import {
  type OperationId,
  type OperationTypes,
  operations,
  type StreamOperationId,
  type UnaryOperationId,
} from "../../src/generated/operations.js";
import type {
  CommsCommand,
  CommsStreamEvent,
  CommsStreamRequest,
  InboxInteraction,
} from "../../src/generated/types.js";
import type { Backend } from "../../src/kernel/backend.js";
import type { Clock } from "../../src/kernel/clock.js";
import { Call, type Principal, type SurfaceName } from "../../src/kernel/context.js";
import type { OpenStream } from "../../src/kernel/handlers.js";
import type { Ids } from "../../src/kernel/ids.js";
import { silentLogger } from "../../src/kernel/logger.js";
import { openMemory } from "../../src/storage/memory/open-memory.js";
import { SimulatedClock } from "./simulated-clock.js";
import { seededIds } from "./simulation.js";

export interface CallAs {
  principal?: Principal;
  session?: string;
  surface?: SurfaceName;
  connection?: string;
}

/** A principal with every scope; `local` may act as anybody. */
export function principalNamed(name: string, sessions: readonly string[] = []): Principal {
  return {
    name,
    kind: name === "local" ? "local" : "token",
    scopes: new Set(),
    sessions: name === "local" ? ["*"] : sessions,
    ended: new AbortController().signal,
  };
}

/** Links to other worlds, and what tells their commands. */
export interface WorldLinks {
  to: Links;
  isCommand: (value: unknown) => value is CommsCommand;
}

/** The sessions and comms planes, wired as the daemon wires them, on memory and simulated time. */
export class World<C extends Clock = SimulatedClock> {
  readonly clock: C;
  readonly backend: Backend;
  readonly ids: Ids;
  readonly sessions: SessionsPlane;
  readonly comms: CommsPlane;
  readonly #far: RouteSource<TrustedRoute> | undefined;

  constructor(options: {
    clock: C;
    backend: Backend;
    ids: Ids;
    limits?: Partial<CommsLimits>;
    far?: RouteSource<TrustedRoute>;
    links?: WorldLinks;
  }) {
    const { clock, backend, ids, limits, far, links } = options;
    this.clock = clock;
    this.backend = backend;
    this.ids = ids;
    this.#far = far;
    const shared = { backend, clock, ids, log: silentLogger };
    this.sessions = createSessionsPlane({ ...shared, inboxes: () => this.comms.inboxes });
    this.comms = createCommsPlane({
      ...shared,
      directory: this.sessions.directory,
      ...(limits === undefined ? {} : { limits }),
      ...(far === undefined ? {} : { trusted: far }),
      ...(links === undefined ? {} : { links: links.to, isCommand: links.isCommand }),
    });
  }

  static async start<C extends Clock = SimulatedClock>(
    options: {
      clock?: C;
      backend?: Backend;
      seed?: string;
      limits?: Partial<CommsLimits>;
      /** The peers of paired daemons. */
      far?: RouteSource<TrustedRoute>;
      links?: WorldLinks;
    } = {},
  ): Promise<World<C>> {
    const clock = options.clock ?? (new SimulatedClock() as Clock as C);
    const backend = options.backend ?? openMemory({ clock });
    const world = new World({
      clock,
      backend,
      ids: seededIds(clock, options.seed ?? "world"),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.far === undefined ? {} : { far: options.far }),
      ...(options.links === undefined ? {} : { links: options.links }),
    });
    await world.sessions.start();
    await world.comms.load();
    await world.comms.start();
    return world;
  }

  /** Stops the planes and starts them again on the same backend. */
  async restart(seed = "again", limits?: Partial<CommsLimits>): Promise<World<C>> {
    await this.stop();
    const { clock, backend } = this;
    return World.start({
      clock,
      backend,
      seed,
      ...(limits === undefined ? {} : { limits }),
      ...(this.#far === undefined ? {} : { far: this.#far }),
    });
  }

  async stop(): Promise<void> {
    await this.sessions.close();
    await this.comms.close();
  }

  context(as: CallAs = {}): Call {
    const call = new Call(
      { clock: this.clock, ids: this.ids, log: silentLogger },
      {
        surface: as.surface ?? "rpc",
        principal: as.principal ?? principalNamed("local"),
        session: as.session,
        ...(as.connection === undefined ? {} : { connectionId: as.connection }),
      },
    );
    return call;
  }

  call<Id extends UnaryOperationId>(
    id: Id,
    request: OperationTypes[Id]["request"],
    as: CallAs | Call = {},
  ): Promise<OperationTypes[Id]["response"]> {
    return this.#handler(id)(request, as instanceof Call ? as : this.context(as)) as Promise<
      OperationTypes[Id]["response"]
    >;
  }

  stream(
    request: Omit<CommsStreamRequest, "follow"> & { follow?: boolean },
    as: CallAs | Call = {},
  ): Promise<OpenStream<StreamOperationId>> {
    return this.#handler("comms.stream")(
      { follow: true, ...request },
      as instanceof Call ? as : this.context(as),
    ) as Promise<OpenStream<StreamOperationId>>;
  }

  /** All events that a bounded read gives. */
  async read(scope: CommsStreamRequest["scope"], after = 0): Promise<CommsStreamEvent[]> {
    const open = await this.stream({ scope, follow: false, after_sequence: after });
    const events: CommsStreamEvent[] = [];
    for await (const { json } of open.events) events.push(JSON.parse(json) as CommsStreamEvent);
    return events;
  }

  /** A session with a host. */
  async host(name: string, as: CallAs = {}): Promise<Host> {
    const { session, lease } = await this.call("sessions.open", { name, ttl_ms: 86_400_000 }, as);
    return new Host(this, name, session.session_id, lease.token, as);
  }

  #handler(id: OperationId): (request: unknown, context: Call) => Promise<unknown> {
    const { plane, verb } = operations[id];
    const tables = { sessions: this.sessions.handlers, comms: this.comms.handlers } as Record<string, object>;
    return (tables[plane] as Record<string, (request: unknown, context: Call) => Promise<unknown>>)[verb]!;
  }
}

/** The host's side of one session. */
export class Host {
  readonly #world: World<Clock>;
  readonly #as: CallAs;
  readonly name: string;
  readonly sessionId: string;
  readonly token: string;
  claim = "";

  constructor(world: World<Clock>, name: string, sessionId: string, token: string, as: CallAs) {
    this.#world = world;
    this.#as = as;
    this.name = name;
    this.sessionId = sessionId;
    this.token = token;
  }

  /** The same host with the same claim after its daemon has started again. */
  on(world: World<Clock>): Host {
    const moved = new Host(world, this.name, this.sessionId, this.token, this.#as);
    moved.claim = this.claim;
    return moved;
  }

  async drain(max = 64): Promise<InboxInteraction[]> {
    const { claim, interactions } = await this.#world.call(
      "sessions.drain",
      { name: this.name, lease_token: this.token, max, wait_ms: 0 },
      this.#as,
    );
    if (claim !== undefined) this.claim = claim.token;
    return interactions;
  }

  emit(interactionId: string, text: string, key?: string): Promise<{ last_sequence: number }> {
    return this.#world.call(
      "sessions.emit",
      {
        name: this.name,
        claim_token: this.claim,
        interaction_id: interactionId,
        events: [{ kind: "text_delta", turn_id: "00000000-0000-7000-8000-000000000000", delta: text }],
        ...(key === undefined ? {} : { idempotency_key: key }),
      },
      this.#as,
    );
  }

  settle(
    interactionId: string,
    outcome: OperationTypes["sessions.settle"]["request"]["outcome"] = { kind: "done" },
  ): Promise<{ already_settled: boolean }> {
    return this.#world.call(
      "sessions.settle",
      { name: this.name, claim_token: this.claim, interaction_id: interactionId, outcome },
      this.#as,
    );
  }

  respond(
    to: string,
    interactionId: string,
    result: unknown,
    status: "accepted" | "completed" | "failed" = "completed",
  ): Promise<unknown> {
    return this.#world.call(
      "comms.send",
      { kind: "peer_response", to, in_reply_to: interactionId, status, result },
      { ...this.#as, session: this.name },
    );
  }
}
