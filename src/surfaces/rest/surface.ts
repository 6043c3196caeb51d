import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from "fastify";
import { operations } from "../../generated/operations.js";
import { type RawRoute, rawRoutes } from "../../generated/raw.js";
import { type RestRoute, restRoutes } from "../../generated/rest.js";
import { transportOf } from "../../kernel/authentication.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { RawHandler } from "../../kernel/raw.js";
import { writeError } from "../reply.js";
import { routeMethods } from "./route-methods.js";
import { type Serve, type ServeOptions, serveOperation } from "./serve-operation.js";
import { serveRaw } from "./serve-raw.js";

export interface RestSurfaceOptions extends ServeOptions {
  /** By id of the raw route; those without a handler are not served. */
  rawHandlers: Readonly<Record<string, RawHandler>>;
  /** Ids of raw routes that the configuration opens to callers without credentials. */
  openRoutes?: ReadonlySet<string>;
}

/** All of HTTP except upgrades. */
export interface RestSurface {
  /** Serves one request of any listener. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/**
 * Routes HTTP requests with Fastify, which here only finds the route: bodies are read, decoded and answered on the plain
 * request and response, so that every failure has the contract's form and nothing is coerced on the way.
 */
export async function createRestSurface(options: RestSurfaceOptions): Promise<RestSurface> {
  const { auth, ambient } = options;
  const fail = (
    request: IncomingMessage,
    response: ServerResponse,
    error: ContractError,
    extra?: string[],
  ): void => writeError(request, response, error, ambient.ids.uuid(), extra);

  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: () => "",
    // No route has a schema for Fastify: without these it would load its own validators, a tenth of the daemon's start.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    // How long a field of the path may be is the validator's question; the listener bounds the whole head.
    routerOptions: { maxParamLength: 1024 * 1024 },
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      fail(request.raw, reply.raw, fromFramework(error));
    },
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    reply.hijack();
    fail(request.raw, reply.raw, fromFramework(error));
  });

  const served = rawRoutes.filter(({ id }) => options.rawHandlers[id] !== undefined);
  for (const route of restRoutes) {
    addRoute(app, operationMethods(route), route.path, serveOperation(route, options));
  }
  for (const route of served) {
    const serve = serveRaw(route, options.rawHandlers[route.id]!, options);
    for (const path of rawPaths(route)) {
      addRoute(app, rawMethods(route), path, serve);
    }
  }
  const methodsOf = routeMethods([
    ...restRoutes.map((route) => ({ path: route.path, methods: operationMethods(route) })),
    ...served.flatMap((route) => rawPaths(route).map((path) => ({ path, methods: rawMethods(route) }))),
  ]);
  const unrouted = (request: IncomingMessage, response: ServerResponse): void => {
    const methods = methodsOf(request.url ?? "/");
    if (methods.length === 0) {
      fail(request, response, new ContractError("route_not_found"));
    } else {
      fail(request, response, new ContractError("method_not_allowed"), ["allow", methods.join(", ")]);
    }
  };
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    unrouted(request.raw, reply.raw);
  });
  // Node parses methods that Fastify's router throws on.
  const routable = new Set([...restRoutes.flatMap(operationMethods), ...served.flatMap(rawMethods)]);
  await app.ready();

  return {
    handle(request, response) {
      try {
        auth.admit(request.headers, transportOf(request));
      } catch (thrown) {
        fail(request, response, ContractError.from(thrown));
        return;
      }
      if (routable.has(request.method ?? "")) app.routing(request, response);
      else unrouted(request, response);
    },
    close: () => app.close(),
  };
}

/** Serving begins in the first hook and Fastify hears no more of it: what comes after costs as much as all of ours. */
function noCompiler(): never {
  throw new Error(
    "Fastify has nothing to compile here: dispatch validates, and replies are written as they are.",
  );
}

function addRoute(app: FastifyInstance, methods: string[], url: string, serve: Serve): void {
  app.route({
    method: methods,
    url,
    onRequest(request: FastifyRequest, reply: FastifyReply) {
      reply.hijack();
      serve(request.raw, reply.raw, request.params as Record<string, string>);
    },
    handler: () => {},
  });
}

/** HEAD tells what GET would; a stream has nothing to tell without being opened. */
function operationMethods({ method, operation }: RestRoute): string[] {
  return method === "GET" && operations[operation].stream === null ? ["GET", "HEAD"] : [method];
}

/** Routes with more methods than GET speak protocols of their own, in which HEAD has no meaning. */
function rawMethods({ methods }: RawRoute): string[] {
  return methods.length === 1 && methods[0] === "GET" ? ["GET", "HEAD"] : [...methods];
}

function rawPaths({ path, prefixes }: RawRoute): string[] {
  return [path, ...prefixes.map((prefix) => `${prefix}*`)];
}

function fromFramework(error: { code?: string; cause?: unknown; message: string }): ContractError {
  if (error.code === "FST_ERR_BAD_URL") {
    return new ContractError("invalid_request", {
      message: "The path is not valid percent-encoded UTF-8.",
      cause: error,
    });
  }
  return ContractError.from(error);
}
