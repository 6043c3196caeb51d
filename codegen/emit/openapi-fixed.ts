import type { Contract, ErrorDef } from "../contract.js";
import type { JsonObject } from "../json-schema.js";

/** What each plane is about, for the explorer and the reference's index. */
export const planeTexts: Record<string, string> = {
  system: "The daemon itself: health, versions, tokens, sign-in.",
  sessions: "Agents' identities: names, inboxes, and the host's side of an interaction.",
  comms: "Agents talk: send, stream, peers.",
};

export const securitySchemes: JsonObject = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "A token from `parley token create`. The unix socket needs none.",
  },
  cookie: {
    type: "apiKey",
    in: "cookie",
    name: "parley_session",
    description: "The console's session, given for a one-time ticket.",
  },
};

export const headerParameters: JsonObject = {
  ParleySession: {
    name: "Parley-Session",
    in: "header",
    description: "The session that the call acts as; default is the principal's own, `user-<principal>`.",
    schema: { type: "string", maxLength: 63, pattern: "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$" },
  },
  ParleyContract: {
    name: "Parley-Contract",
    in: "header",
    description:
      "The contract version of the client; another minor version is refused with 412. Absent means no check.",
    schema: { type: "string", maxLength: 14, pattern: "^0\\.3\\.[0-9]{1,4}$" },
  },
  ParleyRequestTrace: {
    name: "traceparent",
    in: "header",
    description: "W3C trace context; one that is malformed is passed over, as the specification asks.",
    schema: { type: "string" },
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    description: "Makes a repeat safe; the same as the key in the body, which must not differ.",
    schema: { type: "string", minLength: 1, maxLength: 128 },
  },
  LastEventId: {
    name: "Last-Event-ID",
    in: "header",
    description: "The last sequence that the client has seen; wins over `after_sequence`.",
    schema: { type: "string", maxLength: 16 },
  },
};

const header = (description: string, schema: JsonObject): JsonObject => ({ description, schema });

export const responseHeaders: JsonObject = {
  ParleyContract: header("The daemon's contract version.", { type: "string" }),
  ParleyDigest: header("The first 16 hex digits of the contract's digest.", { type: "string" }),
  ParleyRequestId: header("Names this call in the daemon's log.", { type: "string" }),
  RetryAfter: header("Seconds to wait before the next try.", { type: "integer", minimum: 0, maximum: 86400 }),
};

/** The browser's sign-in and sign-out: raw routes that speak JSON. Other raw routes carry bytes and are not here. */
export function browserPaths(
  contract: Contract,
  responses: JsonObject,
  errorResponse: (group: ErrorDef[], responses: JsonObject) => JsonObject,
): Record<string, JsonObject> {
  const paths: Record<string, JsonObject> = {};
  for (const route of contract.rawRoutes) {
    const codes = browserErrors[route.id];
    if (!codes) continue;
    const groups = Map.groupBy(
      contract.errors.filter((error) => codes.includes(error.code)),
      (error) => error.http,
    );
    paths[route.path] = {
      post: {
        operationId: route.id,
        tags: [route.plane],
        summary: route.summary,
        description: `${route.summary} Same-origin pages only: the Origin header is required.`,
        security: route.id === "system.sign_out" ? [{ cookie: [] }] : [],
        ...(route.id === "system.sign_in" ? { requestBody: ticketBody } : {}),
        responses: {
          "204": { description: "Done; the Set-Cookie header carries the change." },
          ...Object.fromEntries(
            [...groups].map(([status, group]) => [String(status), errorResponse(group, responses)]),
          ),
        },
        "x-raw": true,
        "x-source": route.origin,
      },
    };
  }
  return paths;
}

const browserErrors: Record<string, string[]> = {
  "system.sign_in": ["invalid_request", "parse_error", "ticket_invalid", "origin_denied"],
  "system.sign_out": ["unauthenticated", "origin_denied"],
};

const ticketBody: JsonObject = {
  required: true,
  content: {
    "application/json": {
      schema: {
        type: "object",
        additionalProperties: false,
        properties: {
          ticket: {
            type: "string",
            maxLength: 128,
            description: "From the address that `parley console` prints.",
          },
        },
        required: ["ticket"],
      },
    },
  },
};
