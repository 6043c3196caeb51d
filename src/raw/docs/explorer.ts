import type { FastifyInstance } from "fastify";
import { ContractError } from "../../kernel/contract-error.js";
import type { RawHandler } from "../../kernel/raw.js";

/** The API explorer over the committed OpenAPI document; its packages are loaded when it is first opened, not at the start. */
export function createExplorer({ read }: { read: () => Promise<string> }): RawHandler {
  let explorer: Promise<FastifyInstance> | undefined;
  return async (request, response, call) => {
    explorer ??= build(read);
    const app = await explorer.catch((cause: unknown) => {
      explorer = undefined;
      throw cause;
    });
    app.routing(Object.assign(request, { id: call.requestId }), response);
  };
}

async function build(read: () => Promise<string>): Promise<FastifyInstance> {
  const [{ fastify }, { default: swagger }, { default: swaggerUi }, { parse }, text] = await Promise.all([
    import("fastify"),
    import("@fastify/swagger"),
    import("@fastify/swagger-ui"),
    import("yaml"),
    read(),
  ]);
  const app = fastify({ logger: false, genReqId: (request) => String((request as { id?: string }).id) });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send(new ContractError("route_not_found").toPayload(request.id)),
  );
  await app.register(swagger, { mode: "static", specification: { document: parse(text) } });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: true,
    uiConfig: { docExpansion: "list", deepLinking: true, tryItOutEnabled: true, persistAuthorization: false },
  });
  await app.ready();
  return app;
}
