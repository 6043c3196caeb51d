import type { IncomingMessage } from "node:http";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ContractError } from "../../kernel/contract-error.js";
import type { RawHandler } from "../../kernel/raw.js";

/**
 * The API explorer over the OpenAPI document as JSON; its packages are loaded when it is first opened, not at the start, and
 * one after the other, so that nobody waits for all of them.
 */
export function createExplorer({ read }: { read: () => Promise<string> }): RawHandler {
  let explorer: Promise<FastifyInstance> | undefined;
  /** Takes what a request under way is refused with: how that is told is the surface's to say. */
  const refusals = new WeakMap<IncomingMessage, (refusal: unknown) => void>();
  const refuse: Refuse = (request, error) => refusals.get(request)?.(error);
  return async (request, response, call) => {
    explorer ??= build(read, refuse);
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

async function build(read: () => Promise<string>, refuse: Refuse): Promise<FastifyInstance> {
  const { fastify } = await import("fastify");
  const { default: swagger } = await import("@fastify/swagger");
  const { default: swaggerUi } = await import("@fastify/swagger-ui");
  const document = JSON.parse(await read());
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
  await app.register(swagger, { mode: "static", specification: { document } });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: true,
    uiConfig: { docExpansion: "list", deepLinking: true, tryItOutEnabled: true, persistAuthorization: false },
  });
  await app.ready();
  return app;
}
