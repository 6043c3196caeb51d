import type { EndpointBook } from "./endpoint-book.js";
import type { KeyRing } from "./key-ring.js";
import type { Links } from "./links.js";
import type { PairingCodes } from "./pairing-codes.js";
import type { EndpointsPorts } from "./ports.js";

/** What the plane's operations work on. */
export interface EndpointsParts {
  ports: EndpointsPorts;
  keys: KeyRing;
  book: EndpointBook;
  codes: PairingCodes;
  links: Links;
  /** Sessions that a daemon told of. */
  sessionsOf(endpointId: string): number;
}
