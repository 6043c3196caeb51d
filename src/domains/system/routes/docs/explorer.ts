import type { IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ContractError } from "../../../../kernel/contract-error.js";
import type { RawHandler } from "../../../../kernel/raw.js";
import { contentSecurityPolicy, pageHeaders } from "../page-headers.js";
import { serveExplorerFiles, withoutOutsideHosts } from "./explorer-files.js";

const fences = pageHeaders(contentSecurityPolicy());

export interface ExplorerOptions {
  /** The OpenAPI document as JSON. */
  read: () => Promise<string>;
  /** The script that gives the explorer's calls the credentials of the signed-in page: `parleyRequestInterceptor`. */
  script: () => Promise<string>;
}

/**
 * The API explorer over the OpenAPI document. Its packages are loaded when it is first opened, not at the start, and one
 * after the other, so that no other request waits for all of them.
 */
export function createExplorer({ read, script }: ExplorerOptions): RawHandler {
  let explorer: Promise<FastifyInstance> | undefined;
  /** Receives the refusal of an in-flight request: the surface gives it its form. */
  const refusals = new WeakMap<IncomingMessage, (refusal: unknown) => void>();
  const refuse: Refuse = (request, error) => refusals.get(request)?.(error);
  return async (request, response, call) => {
    explorer ??= build({ read, script }, refuse);
    const app = await explorer.catch((cause: unknown) => {
      explorer = undefined;
      throw cause;
    });
    await new Promise<void>((resolve, reject) => {
      refusals.set(request, reject);
      response.once("close", resolve);
      app.routing(Object.assign(request, { id: call.requestId }), response);
    });
  };
}

type Refuse = (request: IncomingMessage, error: unknown) => void;

async function build({ read, script }: ExplorerOptions, refuse: Refuse): Promise<FastifyInstance> {
  const { fastify } = await import("fastify");
  const { default: swagger } = await import("@fastify/swagger");
  const { default: swaggerUi } = await import("@fastify/swagger-ui");
  // The document names the usual address; what is tried here goes to the daemon that serves this page.
  const document = JSON.parse(await read());
  // The explorer would make a link to an outside page of it.
  delete document.info.license?.identifier;
  document.servers = [{ url: "/", description: "This daemon." }];
  document.info.description +=
    "\n\nCalls that you try here act as the console's sign-in of this browser, or as the token that you enter under Authorize.";
  const fail = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    const isClients = (error.statusCode ?? 500) < 500;
    refuse(request.raw, isClients ? new ContractError("invalid_request", { cause: error }) : error);
  };
  const app = fastify({
    logger: false,
    genReqId: (request) => String((request as { id?: string }).id),
    frameworkErrors: fail,
  });
  app.setErrorHandler(fail);
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    refuse(request.raw, new ContractError("route_not_found"));
  });
  app.addHook("onSend", (request, reply, payload, done) => {
    reply.headers(fences);
    // The only script that the package makes by itself.
    const isMade = request.url.startsWith("/docs/static/swagger-initializer.js");
    done(null, isMade && typeof payload === "string" ? withoutOutsideHosts(payload) : payload);
  });
  const folder = fileURLToPath(new URL("./static/", import.meta.resolve("@fastify/swagger-ui")));
  await serveExplorerFiles(app, "/docs/static", folder);
  await app.register(swagger, { mode: "static", specification: { document } });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    theme: { js: [{ filename: "page-key.js", content: await script() }] },
    uiConfig: {
      docExpansion: "list",
      deepLinking: true,
      tryItOutEnabled: true,
      persistAuthorization: false,
      // The explorer shows what the user wrote: not the page key, and a call that is refused before it is sent.
      showMutatedRequest: false,
      validatorUrl: null,
      // Written into the page as it stands here: nothing around it exists there.
      requestInterceptor: (request) =>
        (
          globalThis as unknown as { parleyRequestInterceptor: (one: object) => object }
        ).parleyRequestInterceptor(request),
    },
  });
  await app.ready();
  return app;
}
