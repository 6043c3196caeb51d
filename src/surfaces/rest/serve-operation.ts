import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type OperationSpec,
  operations,
  type StreamOperationId,
  type UnaryOperationId,
} from "../../generated/operations.js";
import type { RestRoute } from "../../generated/rest.js";
import { type Authenticator, transportOf } from "../../kernel/authentication.js";
import { requireCredentials } from "../../kernel/authorise.js";
import { type Ambient, Call } from "../../kernel/context.js";
import { checkContract } from "../../kernel/contract-check.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Dispatch } from "../../kernel/dispatch.js";
import { headerOf } from "../raw-call.js";
import { place, readInteger } from "./query.js";
import { readRequest } from "./read-request.js";
import { writeError, writeJson } from "./reply.js";
import { streamEvents, streamJson, wantsJson } from "./stream.js";

export interface ServeOptions {
  ambient: Ambient;
  dispatch: Dispatch;
  auth: Authenticator;
  limits: { bodyBytes: number };
}

/** Serves one request of one operation; never rejects. */
export type ServeOperation = (
  request: IncomingMessage,
  response: ServerResponse,
  params: Readonly<Record<string, string>>,
) => Promise<void>;

/** The function that serves a route, with everything about the route looked up beforehand. */
export function serveOperation(route: RestRoute, options: ServeOptions): ServeOperation {
  const { ambient, dispatch, auth, limits } = options;
  const spec: OperationSpec = operations[route.operation];
  return async (request, response, params) => {
    const requestId = ambient.ids.uuid();
    let call: Call | undefined;
    // After an error nothing is sent any more; the client's going away is what cancels.
    response.once("close", () => {
      if (!response.writableFinished) {
        call?.cancel();
      }
    });
    try {
      checkContract(headerOf(request, "parley-contract"));
      const principal = auth.authenticate(request.headers, transportOf(request));
      requireCredentials(spec, principal);
      const body = await readRequest(route, request, params, limits.bodyBytes);
      call = new Call(ambient, {
        requestId,
        surface: "rest",
        principal,
        session: headerOf(request, "parley-session"),
        traceparent: headerOf(request, "traceparent"),
      });
      if (response.destroyed) {
        call.cancel();
      }
      if (spec.stream !== null) {
        await serveStream(spec, request, response, body, call);
        return;
      }
      const result = await dispatch.unary(route.operation as UnaryOperationId, body, call);
      writeJson(response, route.status, requestId, JSON.stringify(result));
    } catch (thrown) {
      const error = ContractError.from(thrown);
      if (error.code === "internal" && call === undefined) {
        ambient.log.error({ request_id: requestId, err: error.cause }, "A request failed before its call.");
      }
      writeError(request, response, error, requestId);
    }
  };

  async function serveStream(
    { stream }: OperationSpec,
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
    call: Call,
  ): Promise<void> {
    const fields = body as Record<string, unknown>;
    const lastEventId = headerOf(request, "last-event-id");
    if (lastEventId !== undefined && lastEventId !== "") {
      place(fields, [stream!.cursor], readInteger(lastEventId));
    }
    const asJson = wantsJson(request.headers.accept);
    if (asJson) {
      fields.follow = false;
    }
    const open = await dispatch.stream(route.operation as StreamOperationId, fields, call);
    await (asJson ? streamJson(open, response, call) : streamEvents(open, response, call));
  }
}
