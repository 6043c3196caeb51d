import { readFile } from "node:fs/promises";
import { createAuthenticator } from "./auth/authenticator.js";
import { BrowserSessions } from "./auth/browser-sessions.js";
import { TokenStore } from "./auth/token-store.js";
import type { Config } from "./config/load-config.js";
import type { Paths } from "./config/paths.js";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "./generated/version.js";
import { requireSession, type SessionOwnership } from "./kernel/authorise.js";
import type { Backend } from "./kernel/backend.js";
import { systemClock } from "./kernel/clock.js";
import type { Ambient } from "./kernel/context.js";
import { createDispatch, handlerTable } from "./kernel/dispatch.js";
import { systemIds } from "./kernel/ids.js";
import { type CompiledValidators, createValidators } from "./kernel/validate.js";
import { PACKAGE_VERSION } from "./package-version.js";
import { createCommsPlane } from "./planes/comms/index.js";
import { createSessionsPlane } from "./planes/sessions/index.js";
import { createSystemPlane } from "./planes/system/index.js";
import { removeDiscovery, writeDiscovery } from "./platform/discovery-file.js";
import { createSignIn, createSignOut } from "./raw/console/sign-in.js";
import { createStaticFiles } from "./raw/console/static-files.js";
import { createExplorer } from "./raw/docs/explorer.js";
import { createOpenapiDocument } from "./raw/docs/openapi-document.js";
import { createMetricsPage } from "./raw/metrics/metrics-page.js";
import { openMemory } from "./storage/memory/open-memory.js";
import { openSqlite } from "./storage/sqlite/open-sqlite.js";
import { type Listeners, listen } from "./surfaces/listen.js";
import { createMcpSurface } from "./surfaces/mcp/surface.js";
import { createRestSurface } from "./surfaces/rest/surface.js";
import { createRpcSurface } from "./surfaces/rpc/surface.js";
import { createCallObserver } from "./telemetry/call-observer.js";
import { createLogger } from "./telemetry/create-logger.js";
import { createMetrics } from "./telemetry/metrics.js";

export interface DaemonOptions {
  config: Config;
  paths: Paths;
  validators: CompiledValidators;
}

export interface Daemon {
  address: string;
  /** Begins the graceful stop; repeating it is safe. */
  stop(): void;
  /** The exit code, once everything is closed. */
  ended: Promise<number>;
}

/** Builds and starts the whole daemon. Rejects with an error whose message is meant for the user. */
export async function createDaemon({ config, paths, validators }: DaemonOptions): Promise<Daemon> {
  const clock = systemClock;
  const ids = systemIds(clock);
  const log = createLogger({ level: config.log.level });
  const ambient: Ambient = { clock, ids, log };
  const instanceId = ids.uuid();
  const startedAt = clock.now();
  const startedMonotonic = clock.monotonic();
  const metrics = createMetrics({ version: PACKAGE_VERSION, contract: CONTRACT_VERSION });

  let stopping = false;
  let failed = false;
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });

  const databaseFile = config.store.path ?? paths.databaseFile;
  const backend: Backend =
    config.store.engine === "memory"
      ? openMemory({ clock })
      : await openSqlite({
          path: databaseFile,
          clock,
          onFatal(error) {
            // What is on disk is uncertain now; only a fresh start can tell.
            log.error({ err: error }, "The store failed; stopping so that nothing untrue is acknowledged.");
            failed = true;
            stop();
          },
        });
  const store = await backend.info();

  const tokens = await TokenStore.open({ backend, clock, ids, log });
  const browser = await BrowserSessions.open({ backend, clock, ids });
  const auth = createAuthenticator({
    tokens,
    browser,
    hosts: { allowedHosts: config.server.allowed_hosts, allowedOrigins: config.server.allowed_origins },
  });

  const sessions = createSessionsPlane({ backend, clock, ids, log, inboxes: () => comms.inboxes });
  const comms = createCommsPlane({
    backend,
    clock,
    ids,
    log,
    directory: sessions.directory,
    limits: {
      inboxMax: config.comms.inbox_max,
      sessionEventsMax: config.comms.session_events_max,
      interactionKeepMs: config.comms.interaction_keep_ms,
      reservationTtlMs: config.comms.reservation_ttl_ms,
      dedupeWindowMs: config.comms.dedupe_window_ms,
    },
  });
  await sessions.start();
  await comms.start();
  const ownsSession: SessionOwnership = (principal, name) => sessions.directory.owns(principal, name);
  const liveSessions = (): number => sessions.directory.all().filter(({ live }) => live).length;

  let listeners: Listeners;
  const system = createSystemPlane({
    version: PACKAGE_VERSION,
    tokens,
    tickets: browser,
    requireSession: (principal, session) => requireSession(principal, session, ownsSession),
    health: () => (stopping ? "stopping" : failed ? "degraded" : "ok"),
    address: () => listeners.address,
    status: async () => ({
      version: PACKAGE_VERSION,
      contract: CONTRACT_VERSION,
      digest: CONTRACT_DIGEST,
      instance_id: instanceId,
      pid: process.pid,
      started_at: new Date(startedAt).toISOString(),
      uptime_ms: Math.round(clock.monotonic() - startedMonotonic),
      address: listeners.address,
      socket_path: listeners.socketPath,
      ...(config.path === undefined ? {} : { config_path: config.path }),
      store: {
        engine: config.store.engine,
        durability: store.durability,
        ...(config.store.engine === "memory" ? {} : { path: databaseFile }),
      },
      counts: {
        sessions: sessions.directory.all().length,
        live_sessions: liveSessions(),
        connections: rpc.stats().connections,
        streams: comms.stats().streams,
      },
    }),
    stop,
  });

  const dispatch = createDispatch({
    handlers: handlerTable({ system, sessions: sessions.handlers, comms: comms.handlers }),
    validators: createValidators(validators),
    ownsSession,
    observe: createCallObserver(metrics.operations, config.log.requests),
  });

  const asset = (name: string): (() => Promise<string>) => {
    let text: Promise<string> | undefined;
    return () => (text ??= readFile(new URL(`../${name}`, import.meta.url), "utf8"));
  };
  const rpc = createRpcSurface({
    ambient,
    dispatch,
    auth,
    openrpc: asset("schemas/dist/openrpc.json"),
    onClosed: (connectionId) => sessions.directory.connectionClosed(connectionId),
  });
  const mcp = createMcpSurface({ ambient, dispatch, version: PACKAGE_VERSION });
  const rest = await createRestSurface({
    ambient,
    dispatch,
    auth,
    limits: { bodyBytes: config.limits.body_bytes },
    openRoutes: new Set(config.server.open_metrics ? ["system.metrics"] : []),
    rawHandlers: {
      "system.console": createStaticFiles({ folder: new URL("./console/", import.meta.url).pathname }),
      "system.sign_in": createSignIn(browser),
      "system.sign_out": createSignOut(browser),
      "system.metrics": createMetricsPage(metrics),
      "system.openapi": createOpenapiDocument({ read: asset("openapi.yaml") }),
      "system.docs": createExplorer({ read: asset("openapi.yaml") }),
      "system.rpc": rpc.post,
      "system.mcp": mcp.serve,
    },
  });
  metrics.gauge({
    name: "parley_rpc_connections",
    help: "Open WebSockets.",
    read: () => rpc.stats().connections,
  });
  metrics.gauge({ name: "parley_streams", help: "Open streams.", read: () => comms.stats().streams });
  metrics.gauge({
    name: "parley_sessions_live",
    help: "Sessions with a live holder.",
    read: liveSessions,
  });

  try {
    listeners = await listen({
      handle: rest.handle,
      upgrades: { "/rpc": rpc.handleUpgrade },
      host: config.server.host,
      port: config.server.port,
      socketPath: config.server.socket ?? paths.socketPath,
      limits: {
        headerBytes: config.limits.header_bytes,
        headerTimeoutMs: config.limits.header_timeout_ms,
        requestTimeoutMs: config.limits.request_timeout_ms,
        connections: config.limits.connections,
      },
      clock,
      ids,
    });
  } catch (error) {
    await backend.close();
    throw error;
  }
  writeDiscovery(paths.discoveryFile, {
    instance_id: instanceId,
    pid: process.pid,
    version: PACKAGE_VERSION,
    contract: CONTRACT_VERSION,
    digest: CONTRACT_DIGEST,
    address: listeners.address,
    socket_path: listeners.socketPath,
    started_at: new Date(startedAt).toISOString(),
  });
  log.info(
    { address: listeners.address, socket: listeners.socketPath, instance_id: instanceId },
    "Parley serves.",
  );

  function stop(): void {
    if (stopping) return;
    stopping = true;
    void shutDown().then(
      () => end(failed ? 1 : 0),
      (error: unknown) => {
        log.error({ err: error }, "The stop did not go as it should.");
        end(1);
      },
    );
  }

  /** Nothing new, finish what runs, tell the streams, close the store last: what was said yes to is on disk. */
  async function shutDown(): Promise<void> {
    log.info({}, "Stopping.");
    removeDiscovery(paths.discoveryFile, instanceId);
    // Streams say `shutdown` while their sockets still live.
    await comms.close();
    const closed = listeners.close(config.limits.drain_ms);
    await Promise.all([dispatch.drain(), rpc.close()]);
    await closed;
    await rest.close();
    await sessions.close();
    tokens.close();
    browser.close();
    metrics.close();
    await backend.close();
    log.info({}, "Stopped.");
  }

  return { address: listeners.address, stop, ended };
}
