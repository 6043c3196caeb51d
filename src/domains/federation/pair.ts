import type { UnaryHandler } from "../../kernel/handlers.js";
import { endpointView } from "./endpoint-view.js";
import type { EndpointsParts } from "./parts.js";

export function pair(parts: EndpointsParts): UnaryHandler<"endpoints.pair"> {
  const { ports, codes, links } = parts;
  return async (request) => {
    if (request.kind === "accept") {
      const entry = await links.pair(request.url, request.code, request.name);
      return { kind: "paired", endpoint: endpointView(entry, parts) };
    }
    const { code, expiresAt } = codes.offer();
    return {
      kind: "offered",
      code,
      expires_at: new Date(expiresAt).toISOString(),
      urls: ports.urls().slice(0, 8),
    };
  };
}
