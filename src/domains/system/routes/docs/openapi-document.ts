import type { RawHandler } from "../../../../kernel/raw.js";
import { contentSecurityPolicy, pageHeaders } from "../page-headers.js";

const fences = pageHeaders(contentSecurityPolicy());

/** Serves the OpenAPI document as it is committed. */
export function createOpenapiDocument({ read }: { read: () => Promise<string> }): RawHandler {
  return async (request, response, call) => {
    const body = Buffer.from(await read());
    response.writeHead(200, {
      "content-type": "application/yaml; charset=utf-8",
      "content-length": body.length,
      "cache-control": "no-cache",
      ...fences,
      "parley-request-id": call.requestId,
    });
    response.end(request.method === "HEAD" ? undefined : body);
  };
}
