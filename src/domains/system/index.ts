import type { PlaneHandlers } from "../../kernel/handlers.js";
import { createTicket } from "./create_ticket.js";
import { createToken } from "./create_token.js";
import { health } from "./health.js";
import { initialize } from "./initialize.js";
import { listTokens } from "./list_tokens.js";
import type { SystemPorts } from "./ports.js";
import { revokeToken } from "./revoke_token.js";
import { rotateToken } from "./rotate_token.js";
import { status } from "./status.js";
import { stop } from "./stop.js";
import { version } from "./version.js";

/** The daemon's own operations. */
export function createSystemPlane(ports: SystemPorts): PlaneHandlers<"system"> {
  return {
    health: health(ports),
    version: version(ports),
    initialize: initialize(ports),
    status: status(ports),
    stop: stop(ports),
    create_token: createToken(ports),
    list_tokens: listTokens(ports),
    rotate_token: rotateToken(ports),
    revoke_token: revokeToken(ports),
    create_ticket: createTicket(ports),
  };
}
