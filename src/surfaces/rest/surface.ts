import type { IncomingMessage, ServerResponse } from "node:http";
import findMyWay, { type HTTPMethod } from "find-my-way";
import { operations } from "../../generated/operations.js";
import { type RawRoute, rawRoutes } from "../../generated/raw.js";
import { type RestRoute, restRoutes } from "../../generated/rest.js";
import { transportOf } from "../../kernel/authentication.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { RouteTable } from "../../kernel/raw.js";
import { writeError } from "../http/reply.js";
import { routeMethods } from "./route-methods.js";
import { type Serve, type ServeOptions, serveOperation } from "./serve-operation.js";
import { serveRaw } from "./serve-raw.js";

export interface RestSurfaceOptions extends ServeOptions {
  /** Byte routes without a handler are not served. */
  routes: RouteTable;
  /** Whether the configuration opens routes that name this key to calls without credentials. Default: it does not. */
  isOpened?: (configKey: string) => boolean;
}

/** All of HTTP except upgrades. */
export interface RestSurface {
  /** Serves one request of any listener. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/** Finds each request's route and serves it on the plain request and response, so that every failure has the contract's form. */
export function createRestSurface(options: RestSurfaceOptions): RestSurface {
  const { auth, ambient } = options;
  const fail = (
    request: IncomingMessage,
    response: ServerResponse,
    error: ContractError,
    extra?: string[],
  ): void => writeError(request, response, error, ambient.ids.uuid(), extra);

  const routes: Route[] = [
    ...restRoutes.map((route) => ({
      path: route.path,
      methods: operationMethods(route),
      serve: serveOperation(route, options),
    })),
    ...rawRoutes.flatMap((route) => {
      const handlers = options.routes[route.id];
      if (handlers === undefined) return [];
      const serve = serveRaw(route, handlers.serve, options);
      return rawPaths(route).map((path) => ({ path, methods: rawMethods(route), serve }));
    }),
  ];
  const router = findMyWay({
    // How long a field of the path may be is the validator's question; the listener bounds the whole head.
    maxParamLength: 1024 * 1024,
    // What is asked for is read where it is needed.
    querystringParser: () => noQuery,
    onBadUrl: (_, request, response) => {
      const message = "The path is not valid percent-encoded UTF-8.";
      fail(
        request as IncomingMessage,
        response as ServerResponse,
        new ContractError("invalid_request", { message }),
      );
    },
  });
  for (const { path, methods, serve } of routes) router.on(methods as HTTPMethod[], path, serve as never);
  const methodsOf = routeMethods(routes);
  const unrouted = (request: IncomingMessage, response: ServerResponse): void => {
    const methods = methodsOf(request.url ?? "/");
    if (methods.length === 0) {
      fail(request, response, new ContractError("route_not_found"));
    } else {
      fail(request, response, new ContractError("method_not_allowed"), ["allow", methods.join(", ")]);
    }
  };

  return {
    handle(request, response) {
      try {
        auth.admit(request.headers, transportOf(request));
      } catch (thrown) {
        fail(request, response, ContractError.from(thrown));
        return;
      }
      const found = router.find(request.method as HTTPMethod, request.url ?? "/");
      if (found === null) unrouted(request, response);
      else (found.handler as unknown as Serve)(request, response, found.params as Record<string, string>);
    },
  };
}

interface Route {
  path: string;
  methods: string[];
  serve: Serve;
}

const noQuery = {};

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
