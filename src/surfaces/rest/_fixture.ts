import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthenticator } from "../../auth/authenticator.js";
import { type LivePrincipal, livePrincipal } from "../../auth/live-principal.js";
import { type Scope, scopes } from "../../generated/operations.js";
import { type Clock, systemClock } from "../../kernel/clock.js";
import { createDispatch } from "../../kernel/dispatch.js";
import type { HandlerTable } from "../../kernel/handlers.js";
import { systemIds } from "../../kernel/ids.js";
import type { RawHandler, RouteTable } from "../../kernel/raw.js";
import { createValidators } from "../../kernel/validate.js";
import { type Listeners, type ListenOptions, listen } from "../http/listen.js";
import { createRestSurface, type RestSurface } from "./surface.js";

export interface FixtureOptions {
  handlers?: { [Id in keyof HandlerTable]?: unknown };
  rawHandlers?: Record<string, RawHandler>;
  opened?: string[];
  clock?: Clock;
  bodyBytes?: number;
  listen?: Partial<ListenOptions>;
  limits?: Partial<ListenOptions["limits"]>;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  json: any;
}

export interface Fixture extends AsyncDisposable {
  listeners: Listeners;
  rest: RestSurface;
  logged: object[];
  /** Ends a token's credentials, as revoking does. */
  end(token: string): void;
  /** Sends one request over TCP with the token `all` unless headers say otherwise. */
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  /** The response as soon as its headers are there. */
  open(method: string, path: string, options?: SendOptions): Promise<IncomingMessage>;
}

export interface SendOptions {
  headers?: Record<string, string | undefined>;
  body?: string | Buffer;
  json?: unknown;
  overUnix?: boolean;
}

/** A REST surface on real sockets over made-up handlers; tokens are `all`, `reader` and `none`. */
export async function startRest(options: FixtureOptions = {}): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), "parley-rest-"));
  const clock = options.clock ?? systemClock;
  const ids = systemIds(clock);
  const logged: object[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void logged.push(fields) };
  const live = (name: string, granted: readonly Scope[], sessions: string[]): LivePrincipal =>
    livePrincipal({ name, kind: "token", scopes: new Set(granted), sessions });
  const known: Record<string, LivePrincipal> = {
    all: live("ann", scopes, ["*"]),
    reader: live("bob", ["comms:read"], []),
    none: live("eve", [], []),
  };
  const auth = createAuthenticator({
    tokens: { verify: (bearer) => known[bearer]?.principal ?? null },
    browser: {
      verify: (cookie, pageKey) =>
        cookie === "parley_session=good" && pageKey === "key" ? known.all!.principal : null,
      unproven: () => null,
    },
    hosts: { allowedHosts: [], allowedOrigins: [] },
  });
  const dispatch = createDispatch({
    handlers: (options.handlers ?? {}) as HandlerTable,
    validators: createValidators(),
    sessionOwner: () => undefined,
  });
  const rest = createRestSurface({
    ambient: { clock, ids, log },
    dispatch,
    auth,
    limits: { bodyBytes: options.bodyBytes ?? 1024 * 1024 },
    routes: Object.fromEntries(
      Object.entries(options.rawHandlers ?? {}).map(([id, serve]) => [id, { serve }]),
    ) as RouteTable,
    isOpened: (key) => options.opened?.includes(key) === true,
  });
  const listeners = await listen({
    handle: rest.handle,
    upgrades: {},
    host: "127.0.0.1",
    port: 0,
    socketPlaces: [() => join(folder, "d.sock")],
    log,
    clock: systemClock,
    ids,
    ...options.listen,
    limits: {
      headerBytes: 16_384,
      headerTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      connections: 100,
      ...options.limits,
    },
  });
  const agent = new Agent({ keepAlive: true });

  const open = (method: string, path: string, sent: SendOptions = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const body = sent.json === undefined ? sent.body : JSON.stringify(sent.json);
      const headers: Record<string, string> = {};
      const wanted = {
        authorization: "Bearer all",
        ...(sent.json === undefined ? {} : { "content-type": "application/json" }),
        ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
        ...sent.headers,
      };
      for (const [name, value] of Object.entries(wanted)) {
        if (value !== undefined) {
          headers[name] = value;
        }
      }
      const where = sent.overUnix
        ? { socketPath: listeners.socketPath }
        : { port: listeners.port, host: "127.0.0.1" };
      const request = httpRequest({ ...where, method, path, headers, agent }, resolve);
      request.on("error", reject);
      request.end(body);
    });

  return {
    listeners,
    rest,
    logged,
    end: (token) => known[token]?.end(),
    open,
    async send(method, path, sent) {
      const response = await open(method, path, sent);
      const chunks: Buffer[] = [];
      for await (const chunk of response) {
        chunks.push(chunk as Buffer);
      }
      const text = Buffer.concat(chunks).toString();
      const isJson = response.headers["content-type"]?.startsWith("application/json") && text !== "";
      return {
        status: response.statusCode!,
        headers: response.headers,
        text,
        json: isJson ? JSON.parse(text) : undefined,
      };
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await listeners.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
