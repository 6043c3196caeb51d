import type { IncomingMessage, ServerResponse } from "node:http";
import type { RawRoute } from "../../generated/raw.js";
import { type Authenticator, transportOf } from "../../kernel/authentication.js";
import { requireScope } from "../../kernel/authorise.js";
import type { Ambient, Principal } from "../../kernel/context.js";
import { checkContract } from "../../kernel/contract-check.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { RawHandler } from "../../kernel/raw.js";
import { readBody, requireMediaType } from "../http/body.js";
import { headerOf } from "../http/raw-call.js";
import { writeError } from "../http/reply.js";
import type { Serve } from "./serve-operation.js";

export interface ServeRawOptions {
  ambient: Ambient;
  auth: Authenticator;
  limits: { bodyBytes: number };
  isOpened?: (configKey: string) => boolean;
}

/** The function that serves a byte route: what its declaration demands first, then its handler. */
export function serveRaw(
  route: RawRoute,
  handler: RawHandler,
  { ambient, auth, limits, isOpened }: ServeRawOptions,
): Serve {
  const isOpen =
    route.credentials.length === 0 || (route.openedBy !== null && isOpened?.(route.openedBy) === true);
  return (request, response) => void serve(request, response);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = ambient.ids.uuid();
    try {
      const transport = transportOf(request);
      if (route.origin !== "check") {
        auth.admit(request.headers, transport, route.origin);
      }
      let principal: Principal | null = null;
      if (!isOpen) {
        checkContract(headerOf(request, "parley-contract"));
        principal = auth.authenticate(request, transport);
        if (principal === null || !route.credentials.includes(principal.kind)) {
          throw new ContractError("unauthenticated");
        }
        requireScope(route.scope, principal);
      }
      await handler(request, response, {
        requestId,
        transport,
        principal,
        path: (request.url ?? "/").split("?", 1)[0]!,
        readBody: async (maxBytes = route.maxBytes ?? limits.bodyBytes) => {
          requireMediaType(request, route.request);
          return readBody(request, maxBytes);
        },
      });
    } catch (thrown) {
      const error = ContractError.from(thrown);
      if (error.code === "internal") {
        ambient.log.error({ request_id: requestId, route: route.id, err: error.cause }, "A route failed.");
      }
      writeError(request, response, error, requestId);
    }
  }
}
