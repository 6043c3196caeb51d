import type { UnaryHandler } from "../../kernel/handlers.js";
import { unknownName } from "../../kernel/unknown-name.js";
import type { EndpointsParts } from "./parts.js";

export function remove({ book, links }: EndpointsParts): UnaryHandler<"endpoints.remove"> {
  return async ({ endpoint }) => {
    const found = book.find(endpoint);
    if (found === undefined)
      throw unknownName("endpoint_not_found", endpoint, () => book.all().map(({ name }) => name));
    await links.remove(found.endpointId);
    return { removed: true };
  };
}
