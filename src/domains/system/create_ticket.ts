import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

/** The ticket lies in the fragment, which browsers never send, so that no log on the way sees it. */
export function createTicket(ports: SystemPorts): UnaryHandler<"system.create_ticket"> {
  return async () => {
    const { ticket, expiresAt } = ports.tickets.create();
    return { ticket, url: `${ports.address()}/#t=${ticket}`, expires_at: new Date(expiresAt).toISOString() };
  };
}
