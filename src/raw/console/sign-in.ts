import { ContractError, type ErrorDetail } from "../../kernel/contract-error.js";
import { decodeJson, jsonType } from "../../kernel/json.js";
import type { RawHandler } from "../../kernel/raw.js";

/** What signing in needs from the keeper of browser sessions. */
export interface SignInPort {
  /** Uses the ticket up and resolves with a Set-Cookie header; rejects with `ticket_invalid`. */
  signIn(ticket: string): Promise<string>;
  /** Ends the session that the Cookie header names and resolves with the header that removes the cookie. */
  signOut(cookieHeader: string | undefined): Promise<string>;
}

/** POST `{"ticket"}` buys the console's cookie. */
export function createSignIn(port: SignInPort): RawHandler {
  return async (request, response, call) => {
    const isJson = /^application\/json\b/i.test(request.headers["content-type"] ?? "");
    if (!isJson) {
      throw new ContractError("unsupported_media_type");
    }
    const ticket = readTicket(decodeJson(await call.readBody(4096)));
    const cookie = await port.signIn(ticket);
    response.writeHead(204, {
      "set-cookie": cookie,
      "cache-control": "no-store",
      "parley-request-id": call.requestId,
    });
    response.end();
  };
}

/** POST ends the console's session; without one it changes nothing and says the same. */
export function createSignOut(port: SignInPort): RawHandler {
  return async (request, response, call) => {
    const cookie = await port.signOut(request.headers.cookie);
    response.writeHead(204, {
      "set-cookie": cookie,
      "cache-control": "no-store",
      "parley-request-id": call.requestId,
    });
    response.end();
  };
}

function readTicket(body: unknown): string {
  const fields = typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
  const ticket = (fields as { ticket?: unknown }).ticket;
  const details: ErrorDetail[] = Object.keys(fields)
    .filter((name) => name !== "ticket")
    .map((field) => ({ field, issue: "unknown_field", expected: "absent", got: "a value" }));
  if (typeof ticket !== "string") {
    const issue = ticket === undefined ? "missing_field" : "wrong_type";
    details.push({ field: "ticket", issue, expected: "string", got: jsonType(ticket) });
  }
  if (details.length > 0 || typeof ticket !== "string") {
    throw new ContractError("invalid_request", {
      details: details.sort((a, b) => (a.field < b.field ? -1 : 1)),
    });
  }
  return ticket;
}
