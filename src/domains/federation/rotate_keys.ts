import { ContractError } from "../../kernel/contract-error.js";
import type { UnaryHandler } from "../../kernel/handlers.js";
import type { EndpointsParts } from "./parts.js";

export function rotateKeys({ keys, book, links }: EndpointsParts): UnaryHandler<"endpoints.rotate_keys"> {
  return async ({ force }) => {
    // Only the present key and the one before it are kept: who knows neither could not be told the next.
    const behind = book.all().filter(({ knows }) => !knows.includes(keys.current.keyId));
    if (behind.length > 0 && !force)
      throw new ContractError("keys_not_learned", {
        details: behind.slice(0, 16).map(({ name }) => ({
          field: "",
          issue: "invalid_value",
          expected: `${name} to have learned ${keys.current.keyId}`,
          got: "not yet",
        })),
      });
    const { keyId } = await keys.rotate();
    const waiting = book.all();
    for (const { endpointId } of waiting) links.tellKey(endpointId);
    return { key_id: keyId, waiting: waiting.map(({ name }) => name).sort() };
  };
}
