import type { Endpoint } from "../../generated/types.js";
import type { BookEntry } from "./endpoint-book.js";
import type { EndpointsParts } from "./parts.js";

/** A paired daemon as it is listed; never with a secret. */
export function endpointView(
  { endpointId, name, urls, paired_at, keys: theirs, knows }: BookEntry,
  { links, keys, sessionsOf }: EndpointsParts,
): Endpoint {
  const { state, lastSeenAt } = links.reach(endpointId);
  return {
    endpoint_id: endpointId,
    name,
    urls: [...urls],
    state,
    paired_at: new Date(paired_at).toISOString(),
    ...(lastSeenAt === undefined ? {} : { last_seen_at: new Date(lastSeenAt).toISOString() }),
    key_id: theirs[0]!.key_id,
    knows_key: knows.includes(keys.current.keyId),
    sessions: sessionsOf(endpointId),
  };
}
