import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { createAuthenticator } from "./auth/authenticator.js";
import { BrowserSessions } from "./auth/browser-sessions.js";
import { TokenStore } from "./auth/token-store.js";
import type { Config } from "./config/load-config.js";
import type { Paths } from "./config/paths.js";
import { createEndpointsPlane, type EndpointsPlane } from "./domains/federation/index.js";
import { dialLink } from "./domains/federation/routes/dial-link.js";
import { createLinkRoute, type LinkRoute } from "./domains/federation/routes/link-route.js";
import { type CommsPlane, createCommsPlane } from "./domains/messaging/comms-plane.js";
import { createSessionsPlane, type SessionsPlane } from "./domains/messaging/sessions-plane.js";
import { createSystemPlane } from "./domains/system/index.js";
import { createProve, createSignIn, createSignOut } from "./domains/system/routes/console/sign-in.js";
import { createStaticFiles } from "./domains/system/routes/console/static-files.js";
import { createExplorer } from "./domains/system/routes/docs/explorer.js";
import { createOpenapiDocument } from "./domains/system/routes/docs/openapi-document.js";
import { createMetricsPage } from "./domains/system/routes/metrics/metrics-page.js";
import type { CommsCommand, SystemStatusResponse } from "./generated/types.js";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "./generated/version.js";
import { requireSession, type SessionOwner } from "./kernel/authorise.js";
import type { Backend } from "./kernel/backend.js";
import { systemClock } from "./kernel/clock.js";
import type { Ambient } from "./kernel/context.js";
import { createDispatch, type Dispatch, handlerTable } from "./kernel/dispatch.js";
import { systemIds } from "./kernel/ids.js";
import type { Logger } from "./kernel/logger.js";
import { type Routes, type UpgradeHandler, upgradesOf } from "./kernel/raw.js";
import { StartError } from "./kernel/start-error.js";
import { type CompiledValidators, createValidators, type Validators } from "./kernel/validate.js";
import { LifeCycle } from "./life-cycle.js";
import { PACKAGE_VERSION } from "./package-version.js";
import { makeWritableFolder } from "./platform/make-folder.js";
import { openFilesLimit } from "./platform/open-files.js";
import { processStart } from "./platform/process-identity.js";
import { removeTemporaryPlace, socketPlaces } from "./platform/socket-places.js";
import { watchPath } from "./platform/watch-path.js";
import { type Announcement, Presence } from "./presence.js";
import { openMemory } from "./storage/memory/open-memory.js";
import { openSqlite } from "./storage/sqlite/open-sqlite.js";
import { connectionRoom, fewestOpenFiles } from "./surfaces/http/connection-room.js";
import { type Listeners, listen } from "./surfaces/http/listen.js";
import { checkWebSocketVersion, refuseUpgrade } from "./surfaces/http/socket-reply.js";
import type { McpFeature } from "./surfaces/mcp/feature.js";
import { createInboxResource } from "./surfaces/mcp/inbox-resource.js";
import { createResources } from "./surfaces/mcp/resources.js";
import { createMcpSurface, type McpSurface } from "./surfaces/mcp/surface.js";
import { createTools } from "./surfaces/mcp/tools.js";
import { createRestSurface, type RestSurface } from "./surfaces/rest/surface.js";
import { createRpcSurface, type RpcSurface } from "./surfaces/rpc/surface.js";
import { createCallObserver } from "./telemetry/call-observer.js";
import { createMetrics, type Metrics } from "./telemetry/metrics.js";

export interface DaemonOptions {
  config: Config;
  paths: Paths;
  validators: CompiledValidators;
  log: Logger;
  /** The file that `log` writes to; absent when it writes elsewhere. */
  logFile?: string | undefined;
  /** What MCP clients are offered in place of the tools and the inbox: for the fixture of MCP's conformance suite. */
  mcpFeatures?: readonly McpFeature[];
}

export interface Daemon {
  address: string;
  /** Begins the graceful stop; repeating it is safe. */
  stop(): void;
  /** The exit code, once everything is closed. */
  ended: Promise<number>;
}

/** What every part of one daemon is built from. */
interface Core {
  readonly config: Config;
  readonly paths: Paths;
  readonly ambient: Ambient;
  readonly metrics: Metrics;
  readonly life: LifeCycle;
  readonly identity: Identity;
  readonly presence: Presence;
}

/** What the daemon reports about itself everywhere. */
type Identity = Omit<Announcement, "process_start" | "socket_path" | "config_path" | "log_file">;

interface Store {
  readonly backend: Backend;
  readonly status: SystemStatusResponse["store"];
}

interface Credentials {
  readonly tokens: TokenStore;
  readonly browser: BrowserSessions;
}

interface Planes {
  readonly sessions: SessionsPlane;
  readonly comms: CommsPlane;
  readonly endpoints: EndpointsPlane;
}

interface Surfaces {
  readonly rest: RestSurface;
  readonly rpc: RpcSurface;
  readonly mcp: McpSurface;
  readonly link: LinkRoute;
  readonly upgrades: Readonly<Record<string, UpgradeHandler>>;
}

/** Builds and starts the whole daemon. Rejects with an error whose message is meant for the user. */
export async function createDaemon({
  config,
  paths,
  validators,
  log,
  logFile,
  mcpFeatures,
}: DaemonOptions): Promise<Daemon> {
  const openFiles = openFilesLimit();
  checkOpenFiles(openFiles, config, log);
  const ids = systemIds(systemClock);
  const identity = createIdentity(ids.uuid(), systemClock.now());
  // What a start that fails half-way has opened is closed again, newest first.
  await using opened = new AsyncDisposableStack();
  const presence = Presence.claim(paths, {
    ...identity,
    process_start: processStart(process.pid) ?? "",
    socket_path: config.server.socket ?? paths.socketPath,
    ...(config.path === undefined ? {} : { config_path: config.path }),
    ...(logFile === undefined ? {} : { log_file: logFile }),
  });
  opened.defer(() => presence.release());
  const life = new LifeCycle(log);
  const core: Core = {
    config,
    paths,
    ambient: { clock: systemClock, ids, log },
    metrics: createMetrics({ version: PACKAGE_VERSION, contract: CONTRACT_VERSION }, systemClock),
    life,
    identity,
    presence,
  };
  opened.defer(() => core.metrics.close());
  const store = await openStore(core);
  opened.defer(() => store.backend.close());
  const credentials = await openCredentials(core, store.backend);
  opened.defer(() => {
    credentials.tokens.close();
    credentials.browser.close();
  });
  // What runs only once everything is built.
  let listeners: Listeners;
  const validate = createValidators(validators);
  const planes = await startPlanes(core, store.backend, validate, () => listeners);
  opened.defer(() => planes.sessions.close());
  opened.defer(() => planes.comms.close());
  opened.defer(() => planes.endpoints.close());

  const connections = (): number => surfaces.rpc.stats().connections;
  const system = bindSystemPlane(core, store, credentials, planes, {
    addresses: () => listeners,
    connections,
  });
  const dispatch = createDispatch({
    handlers: handlerTable({
      system,
      sessions: planes.sessions.handlers,
      comms: planes.comms.handlers,
      endpoints: planes.endpoints.handlers,
    }),
    validators: validate,
    sessionOwner: ownerOf(planes),
    observe: createCallObserver(core.metrics.operations, config.log.requests),
    calls: config.limits.calls,
  });
  const surfaces = await createSurfaces(
    core,
    credentials,
    planes,
    dispatch,
    mcpFeatures ?? offered(planes, dispatch),
  );
  opened.defer(() => surfaces.rpc.close());
  addGauges(core.metrics, planes, connections);
  listeners = await openListeners(core, surfaces, openFiles);
  opened.defer(() => listeners.close(0));
  presence.keep(systemClock, log, () => listeners.checkSocket());
  const { address, socketPath, port } = listeners;
  await credentials.browser.listenOn(port);
  presence.serving(address, socketPath);
  log.info({ address, socket: socketPath, instance_id: identity.instance_id }, "Parley serves.");
  // Repairs read every log: clients that ask meanwhile come first, whose own logs are read when they are touched.
  await planes.comms.start();
  planes.endpoints.start();
  // From here on the life cycle closes everything, in the order of a graceful stop.
  opened.move();
  life.started(() => shutDown(core, { store, credentials, planes, dispatch, surfaces, listeners }));
  return { address, stop: () => life.stop(), ended: life.ended };
}

function createIdentity(instanceId: string, startedAt: number): Identity {
  return {
    instance_id: instanceId,
    pid: process.pid,
    version: PACKAGE_VERSION,
    contract: CONTRACT_VERSION,
    digest: CONTRACT_DIGEST,
    started_at: new Date(startedAt).toISOString(),
  };
}

function checkOpenFiles(limit: number | undefined, { limits }: Config, log: Logger): void {
  if (limit === undefined) return;
  if (limit < fewestOpenFiles)
    throw new StartError(
      "system_limit",
      `The daemon needs at least ${fewestOpenFiles} open files, and this process may have ${limit}; allow more, for example with \`ulimit -n 1024\`.`,
    );
  const { served } = connectionRoom(limits.connections, limit).tcp;
  if (served < limits.connections)
    log.warn(
      { open_files: limit, connections: served },
      "Fewer connections are served than configured, because this process may open few files; raise `ulimit -n`.",
    );
}

async function openStore({ config, paths, ambient, life }: Core): Promise<Store> {
  const { clock, log } = ambient;
  if (config.store.engine === "memory") {
    const backend = openMemory({ clock });
    return { backend, status: { engine: "memory", durability: (await backend.info()).durability } };
  }
  const path = config.store.path ?? paths.databaseFile;
  makeWritableFolder(dirname(path));
  const backend = await openSqlite({
    path,
    clock,
    onFatal(error) {
      // What is on disk is uncertain now; only a fresh start can tell.
      log.error({ err: error }, "The store failed; stopping so that nothing untrue is acknowledged.");
      life.fail();
    },
  });
  return { backend, status: { engine: "sqlite", durability: (await backend.info()).durability, path } };
}

async function openCredentials({ ambient }: Core, backend: Backend): Promise<Credentials> {
  const { clock, ids, log } = ambient;
  return {
    tokens: await TokenStore.open({ backend, clock, ids, log }),
    browser: await BrowserSessions.open({ backend, clock, ids }),
  };
}

/** Sessions and comms need each other: each has a port that the other serves. */
async function startPlanes(
  { config, ambient, metrics }: Core,
  backend: Backend,
  validators: Validators,
  listeners: () => Listeners,
): Promise<Planes> {
  const endpoints = await createEndpointsPlane({
    ...ambient,
    backend,
    random: Math.random,
    hostName: nameOf(hostname()),
    urls: () => [listeners().address],
    dial: (address) => dialLink(address, () => metrics.loopDelay.bytesArrive()),
    isFrame: (value) => validators.message("endpoints.frame")(value),
    isEnvelope: (value) => validators.message("comms.envelope")(value),
    sessionsOf: (endpointId) => comms.farSessions(endpointId),
  });
  const sessions = createSessionsPlane({
    ...ambient,
    backend,
    inboxes: () => comms.inboxes,
    replacedKeepMs: config.comms.interaction_keep_ms,
  });
  const comms = createCommsPlane({
    ...ambient,
    backend,
    directory: sessions.directory,
    links: endpoints.links,
    random: Math.random,
    isCommand: (value): value is CommsCommand => validators.request("comms.send")(value).ok,
    limits: {
      inboxMax: config.comms.inbox_max,
      unreadPerSender: config.comms.unread_per_sender,
      sendsPerSecond: config.comms.sends_per_second,
      sendsBurst: config.comms.sends_burst,
      loopTurns: config.comms.loop_turns,
      loopRepeats: config.comms.loop_repeats,
      sessionEventsMax: config.comms.session_events_max,
      sessionKeepMs: config.comms.session_keep_ms,
      interactionKeepMs: config.comms.interaction_keep_ms,
      reservationTtlMs: config.comms.reservation_ttl_ms,
      dedupeWindowMs: config.comms.dedupe_window_ms,
    },
  });
  await sessions.start();
  await comms.load();
  return { sessions, comms, endpoints };
}

/** What this machine is called, as a name of the contract. */
function nameOf(host: string): string {
  const label = host
    .toLowerCase()
    .split(".")[0]!
    .replace(/[^a-z0-9-]/g, "-");
  return label.slice(0, 63).replace(/^-+|-+$/g, "") || "parley";
}

function ownerOf({ sessions }: Planes): SessionOwner {
  return (name) => sessions.directory.byName(name)?.principal;
}

function liveSessions({ sessions }: Planes): number {
  return sessions.directory.all().filter(({ live }) => live).length;
}

function admissionLimits({ comms }: Core["config"]): SystemStatusResponse["limits"] {
  return {
    inbox_max: comms.inbox_max,
    unread_per_sender: comms.unread_per_sender,
    sends_per_second: comms.sends_per_second,
    sends_burst: comms.sends_burst,
    loop_turns: comms.loop_turns,
    loop_repeats: comms.loop_repeats,
  };
}

/** What the system plane tells of parts that are built after it. */
interface LateFacts {
  addresses(): Listeners;
  connections(): number;
}

function bindSystemPlane(
  { config, ambient, life, identity }: Core,
  store: Store,
  { tokens, browser }: Credentials,
  planes: Planes,
  late: LateFacts,
): ReturnType<typeof createSystemPlane> {
  const sessionOwner = ownerOf(planes);
  const startedMonotonic = ambient.clock.monotonic();
  return createSystemPlane({
    version: PACKAGE_VERSION,
    tokens,
    tickets: browser.tickets,
    requireSession: (principal, session) => requireSession(principal, session, sessionOwner),
    health: () => life.health,
    address: () => late.addresses().address,
    status: async () => ({
      ...identity,
      uptime_ms: Math.round(ambient.clock.monotonic() - startedMonotonic),
      address: late.addresses().address,
      socket_path: late.addresses().socketPath,
      ...(config.path === undefined ? {} : { config_path: config.path }),
      store: store.status,
      counts: {
        sessions: planes.sessions.directory.all().length,
        live_sessions: liveSessions(planes),
        connections: late.connections(),
        streams: planes.comms.stats().streams,
      },
      limits: admissionLimits(config),
    }),
    stop: () => life.stop(),
  });
}

async function createSurfaces(
  { config, ambient, metrics }: Core,
  { tokens, browser }: Credentials,
  { sessions, endpoints }: Planes,
  dispatch: Dispatch,
  features: readonly McpFeature[],
): Promise<Surfaces> {
  const auth = createAuthenticator({
    tokens,
    browser,
    hosts: { allowedHosts: config.server.allowed_hosts, allowedOrigins: config.server.allowed_origins },
  });
  const rpc = createRpcSurface({
    ambient,
    dispatch,
    auth,
    openrpc: asset("schemas/dist/openrpc.json"),
    onClosed: (connectionId) => sessions.directory.connectionClosed(connectionId),
  });
  const mcp = createMcpSurface({ ambient, version: PACKAGE_VERSION, features });
  const link = createLinkRoute({
    auth,
    refuse: (socket, error) => refuseUpgrade(socket, error, ambient.ids.uuid()),
    checkVersion: checkWebSocketVersion,
    accept: (wire) => endpoints.accept(wire),
  });
  const routes: Routes<"system"> & Routes<"endpoints"> = {
    "system.console": {
      serve: createStaticFiles({ folder: new URL("./console/", import.meta.url).pathname }),
    },
    "system.sign_in": { serve: createSignIn(browser) },
    "system.sign_out": { serve: createSignOut(browser) },
    "system.prove": { serve: createProve(browser) },
    "system.metrics": { serve: createMetricsPage(metrics) },
    "system.openapi": { serve: createOpenapiDocument({ read: asset("openapi.yaml") }) },
    "system.docs": {
      serve: createExplorer({
        read: asset("dist/openapi.json"),
        script: asset("dist/console/assets/explorer.js"),
      }),
    },
    "system.rpc": { serve: rpc.post, upgrade: rpc.handleUpgrade },
    "endpoints.link": { serve: link.refusePlain, upgrade: link.handleUpgrade },
    "system.mcp": { serve: mcp.serve },
  };
  const rest = createRestSurface({
    ambient,
    dispatch,
    auth,
    limits: { bodyBytes: config.limits.body_bytes },
    isOpened: (key) => key === "server.open_metrics" && config.server.open_metrics,
    routes,
  });
  return { rest, rpc, mcp, link, upgrades: upgradesOf(routes) };
}

/** What MCP clients are offered. */
function offered(planes: Planes, dispatch: Dispatch): readonly McpFeature[] {
  const inbox = createInboxResource({ inboxes: planes.comms.inboxView, sessionOwner: ownerOf(planes) });
  return [createTools(dispatch), createResources(inbox)];
}

/** A file of the package's root, read when it is first asked for. */
function asset(name: string): () => Promise<string> {
  let text: Promise<string> | undefined;
  return () => (text ??= readFile(new URL(`../${name}`, import.meta.url), "utf8"));
}

function addGauges(metrics: Metrics, planes: Planes, connections: () => number): void {
  metrics.gauge({ name: "parley_rpc_connections", help: "Open WebSockets.", read: connections });
  metrics.gauge({
    name: "parley_streams",
    help: "Open streams.",
    read: () => planes.comms.stats().streams,
  });
  metrics.gauge({
    name: "parley_sessions_live",
    help: "Sessions that are online.",
    read: () => liveSessions(planes),
  });
}

function openListeners(
  { config, paths, ambient, metrics, presence }: Core,
  { rest, upgrades }: Surfaces,
  openFiles: number | undefined,
): Promise<Listeners> {
  return listen({
    handle: rest.handle,
    upgrades,
    host: config.server.host,
    port: config.server.port,
    socketPlaces: socketPlaces(config.server.socket ?? paths.socketPath),
    watchPath,
    onSocketCreated: (path) => presence.socketMoved(path),
    arrivals: metrics.loopDelay,
    limits: {
      headerBytes: config.limits.header_bytes,
      headerTimeoutMs: config.limits.header_timeout_ms,
      requestTimeoutMs: config.limits.request_timeout_ms,
      connections: config.limits.connections,
      openFiles,
    },
    ...ambient,
  });
}

interface Running {
  readonly store: Store;
  readonly credentials: Credentials;
  readonly planes: Planes;
  readonly dispatch: Dispatch;
  readonly surfaces: Surfaces;
  readonly listeners: Listeners;
}

/** Nothing new, finish what runs, tell the streams, close the store last: what was said yes to is on disk. */
async function shutDown(core: Core, running: Running): Promise<void> {
  const { config, ambient, metrics, presence } = core;
  const { store, credentials, planes, dispatch, surfaces, listeners } = running;
  ambient.log.info({}, "Stopping.");
  presence.stopping();
  // Streams say `shutdown` while their sockets still live.
  surfaces.mcp.close();
  await planes.comms.close();
  surfaces.link.close();
  planes.endpoints.close();
  const closed = listeners.close(config.limits.drain_ms);
  await Promise.all([dispatch.drain(), surfaces.rpc.close()]);
  await closed;
  await planes.sessions.close();
  credentials.tokens.close();
  credentials.browser.close();
  metrics.close();
  await store.backend.close();
  removeTemporaryPlace(listeners.socketPath);
  ambient.log.info({}, "Stopped.");
  presence.release();
}
