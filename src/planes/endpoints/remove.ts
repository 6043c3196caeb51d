import { ContractError } from "../../kernel/contract-error.js";
import type { UnaryHandler } from "../../kernel/handlers.js";
import type { EndpointsParts } from "./parts.js";

export function remove({ book, links }: EndpointsParts): UnaryHandler<"endpoints.remove"> {
  return async ({ endpoint }) => {
    const found = book.find(endpoint);
    if (found === undefined) throw new ContractError("endpoint_not_found");
    await links.remove(found.endpointId);
    return { removed: true };
  };
}
