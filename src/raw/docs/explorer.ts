import type { FastifyInstance } from "fastify";
import type { RawHandler } from "../../kernel/raw.js";

/** The API explorer over the committed OpenAPI document; its packages are loaded when it is first opened, not at the start. */
export function createExplorer({ read }: { read: () => Promise<string> }): RawHandler {
  let explorer: Promise<FastifyInstance> | undefined;
  return async (request, response) => {
    explorer ??= build(read);
    const app = await explorer.catch((cause: unknown) => {
      explorer = undefined;
      throw cause;
    });
    app.routing(request, response);
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
  const app = fastify({ logger: false });
  await app.register(swagger, { mode: "static", specification: { document: parse(text) } });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: true,
    uiConfig: { docExpansion: "list", deepLinking: true, tryItOutEnabled: true, persistAuthorization: false },
  });
  await app.ready();
  return app;
}
