import type { UnaryHandler } from "../../kernel/handlers.js";
import { endpointView } from "./endpoint-view.js";
import type { EndpointsParts } from "./parts.js";

export function list(parts: EndpointsParts): UnaryHandler<"endpoints.list"> {
  return async () => ({
    endpoints: parts.book
      .all()
      .map((entry) => endpointView(entry, parts))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    key_id: parts.keys.current.keyId,
  });
}
