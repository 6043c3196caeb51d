import type { Contract, ErrorDef } from "../contract.js";
import type { JsonObject } from "../json-schema.js";

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
    description:
      "The console's session, given for a one-time ticket. Browsers send it to every server of this host, so it counts only together with the page key.",
  },
  page_key: {
    type: "apiKey",
    in: "header",
    name: "Parley-Page-Key",
    description:
      'The second secret of the console\'s session, from the answer to the ticket. Requests need an Origin of this daemon too (`GET` and `HEAD`: or `Sec-Fetch-Site: same-origin`). On a WebSocket it is the first frame, `{"page_key": "..."}`, within 5 s and 4 KiB; a `nonce` in the query of the upgrade asks the daemon to send its proof before, `{"proof": "..."}`.',
  },
};

/** Headers that clients send, as parameters. */
export function headerParameters({ headers }: Contract): JsonObject {
  const sent = headers.filter(({ direction }) => direction === "request");
  return Object.fromEntries(
    sent.map(({ name, component, text, schema }) => [
      component,
      { name, in: "header", description: text, schema },
    ]),
  );
}

/** Headers that the daemon sends. */
export function responseHeaders({ headers }: Contract): JsonObject {
  const sent = headers.filter(({ direction }) => direction === "response");
  return Object.fromEntries(
    sent.map(({ component, text, schema }) => [component, { description: text, schema }]),
  );
}

/** The browser's sign-in and sign-out: raw routes that use JSON. Other raw routes carry bytes and are not here. */
export function browserPaths(
  contract: Contract,
  responses: JsonObject,
  errorResponse: (group: ErrorDef[], responses: JsonObject) => JsonObject,
): Record<string, JsonObject> {
  const paths: Record<string, JsonObject> = {};
  for (const route of contract.rawRoutes) {
    const browser = browserRoutes[route.id];
    if (!browser) continue;
    const ofBody = route.request.length > 0 ? ["parse_error", "payload_too_large"] : [];
    const codes = new Set([...route.errors, ...ofBody, "origin_denied"]);
    const groups = Map.groupBy(
      contract.errors.filter(({ code }) => codes.has(code)),
      (error) => error.http,
    );
    paths[route.path] = {
      post: {
        operationId: route.id,
        tags: [route.plane],
        summary: route.summary,
        description: `${route.summary} Same-origin pages only: the Origin header is required.`,
        security: browser.security,
        ...(browser.request === undefined ? {} : { requestBody: jsonOf(browser.request, true) }),
        responses: {
          ...browser.success,
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

interface BrowserRoute {
  security: JsonObject[];
  request?: JsonObject;
  success: JsonObject;
}

const browserRoutes: Record<string, BrowserRoute> = {
  "system.sign_in": {
    security: [],
    request: textFields({ ticket: ["From the address that `parley console` prints.", 128] }),
    success: {
      "200": {
        description: "Signed in for 12 hours; the Set-Cookie header carries the cookie.",
        ...jsonOf(
          textFields({
            page_key: ["The second secret: keep it in storage that is bound to the page's origin.", 128],
            expires_at: ["When the session ends: RFC 3339 in UTC with milliseconds.", 24],
          }),
        ),
      },
    },
  },
  "system.sign_out": {
    security: [{ cookie: [], page_key: [] }],
    success: { "204": { description: "Done; the Set-Cookie header removes the cookie." } },
  },
  "system.prove": {
    security: [{ cookie: [] }],
    request: textFields({ nonce: ["Chosen at random for this call.", 128] }),
    success: {
      "200": {
        description: "The proof, which a page compares with its own before it sends its key.",
        ...jsonOf(
          textFields({
            proof: [
              "HMAC-SHA256 of the nonce, keyed with the SHA-256 of the page key; base64url without padding.",
              43,
            ],
          }),
        ),
      },
    },
  },
};

/** A closed object of required strings: each with its description and its longest length. */
function textFields(fields: Record<string, [description: string, maxLength: number]>): JsonObject {
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, [description, maxLength]]) => [
        name,
        { type: "string", maxLength, description },
      ]),
    ),
    required: Object.keys(fields),
  };
}

function jsonOf(schema: JsonObject, required = false): JsonObject {
  return { ...(required ? { required } : {}), content: { "application/json": { schema } } };
}
