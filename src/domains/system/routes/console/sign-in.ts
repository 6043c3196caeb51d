import type { ServerResponse } from "node:http";
import { noncePattern, pageKeyHeader } from "../../../../kernel/authentication.js";
import { ContractError, type ErrorDetail } from "../../../../kernel/contract-error.js";
import { decodeJson, jsonType } from "../../../../kernel/json.js";
import { patternDetail } from "../../../../kernel/pattern-rules.js";
import type { RawCall, RawHandler } from "../../../../kernel/raw.js";

/** What signing in needs from the keeper of browser sessions. */
export interface SignInPort {
  /** Uses the ticket up; rejects with `ticket_invalid`. */
  signIn(ticket: string): Promise<{ setCookie: string; pageKey: string; expiresAt: number }>;
  /** Ends the session that cookie and page key prove and resolves with the header that removes the cookie. */
  signOut(cookieHeader: string | undefined, pageKey: string | undefined): Promise<string>;
  /** The daemon's proof to the page that the cookie names; null when it names no session. */
  answer(cookieHeader: string | undefined, nonce: string): string | null;
}

/** POST `{"ticket"}` buys the console's cookie and the page key. */
export function createSignIn(port: SignInPort): RawHandler {
  return async (_request, response, call) => {
    const { setCookie, pageKey, expiresAt } = await port.signIn(await readField(call, "ticket"));
    const body = { page_key: pageKey, expires_at: new Date(expiresAt).toISOString() };
    write(response, call, 200, body, { "set-cookie": setCookie });
  };
}

/** POST ends the console's session; without cookie and page key it ends none and answers the same. */
export function createSignOut(port: SignInPort): RawHandler {
  return async (request, response, call) => {
    const { cookie, [pageKeyHeader]: pageKey } = request.headers;
    const setCookie = await port.signOut(cookie, typeof pageKey === "string" ? pageKey : undefined);
    write(response, call, 204, undefined, { "set-cookie": setCookie });
  };
}

/** POST `{"nonce"}` returns what only the daemon of this sign-in can compute, so that a page sends its key to no other. */
export function createProve(port: SignInPort): RawHandler {
  return async (request, response, call) => {
    const nonce = await readField(call, "nonce");
    if (!noncePattern.test(nonce)) {
      throw new ContractError("invalid_request", {
        details: [patternDetail("nonce", noncePattern.source, nonce)],
      });
    }
    const proof = port.answer(request.headers.cookie, nonce);
    if (proof === null) throw new ContractError("unauthenticated");
    write(response, call, 200, { proof }, {});
  };
}

function write(
  response: ServerResponse,
  { requestId }: RawCall,
  status: number,
  body: object | undefined,
  more: Record<string, string>,
): void {
  const text = body === undefined ? undefined : JSON.stringify(body);
  response.writeHead(status, {
    ...more,
    ...(text === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
    "cache-control": "no-store",
    "parley-request-id": requestId,
  });
  response.end(text);
}

/** The one string that the JSON body has, of at most 128 characters. */
async function readField(call: RawCall, name: string): Promise<string> {
  const body = decodeJson(await call.readBody());
  const fields = typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
  const value = (fields as Record<string, unknown>)[name];
  const details: ErrorDetail[] = Object.keys(fields)
    .filter((field) => field !== name)
    .map((field) => ({ field, issue: "unknown_field", expected: "absent", got: "a value" }));
  if (typeof value !== "string") {
    const issue = value === undefined ? "missing_field" : "wrong_type";
    details.push({ field: name, issue, expected: "string", got: jsonType(value) });
  } else if (value.length > 128) {
    details.push({
      field: name,
      issue: "too_long",
      expected: "at most 128 characters",
      got: `${value.length}`,
    });
  }
  if (details.length > 0 || typeof value !== "string") {
    throw new ContractError("invalid_request", {
      details: details.sort((a, b) => (a.field < b.field ? -1 : 1)),
    });
  }
  return value;
}
