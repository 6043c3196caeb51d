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
import { type Ambient, Call, type Principal } from "../../kernel/context.js";
import { checkContract } from "../../kernel/contract-check.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Dispatch } from "../../kernel/dispatch.js";
import { collectBody, hasBody, requireJson } from "../http/body.js";
import { headerOf, traceparentOf } from "../http/raw-call.js";
import { writeError, writeJson } from "../http/reply.js";
import { composeRequest } from "./compose-request.js";
import { place, readInteger } from "./query.js";
import { streamEvents, streamJson, wantsJson } from "./stream.js";

export interface ServeOptions {
  ambient: Ambient;
  dispatch: Dispatch;
  auth: Authenticator;
  limits: { bodyBytes: number };
}

/** Serves one request; never throws. */
export type Serve = (
  request: IncomingMessage,
  response: ServerResponse,
  params: Readonly<Record<string, string>>,
) => void;

/** The function that serves a route. Callbacks instead of promises up to dispatch: this runs on every request. */
export function serveOperation(route: RestRoute, options: ServeOptions): Serve {
  const { ambient, dispatch, auth, limits } = options;
  const spec: OperationSpec = operations[route.operation];

  return (request, response, params) => {
    let principal: Principal | null;
    try {
      checkContract(headerOf(request, "parley-contract"));
      principal = auth.authenticate(request, transportOf(request));
      requireCredentials(spec, principal);
      if (route.in === "body" && hasBody(request)) {
        requireJson(request);
      }
    } catch (thrown) {
      fail(request, response, thrown, ambient.ids.uuid());
      return;
    }
    const call = new Call(ambient, {
      surface: "rest",
      principal,
      session: headerOf(request, "parley-session"),
      traceparent: traceparentOf(request),
    });
    // The client's going away is what cancels; after an answer nobody is left to ask.
    response.on("close", () => {
      if (!response.writableFinished) {
        call.cancel();
      }
    });
    if (!hasBody(request)) {
      begin(request, response, params, call, undefined);
      return;
    }
    collectBody(request, limits.bodyBytes, (body) => {
      if (body instanceof ContractError) {
        fail(request, response, body, call.requestId);
      } else {
        begin(request, response, params, call, body);
      }
    });
  };

  function begin(
    request: IncomingMessage,
    response: ServerResponse,
    params: Readonly<Record<string, string>>,
    call: Call,
    body: Buffer | undefined,
  ): void {
    const onFailure = (thrown: unknown): void => fail(request, response, thrown, call.requestId);
    try {
      const value = composeRequest(route, request, params, body);
      if (spec.stream !== null) {
        serveStream(spec.stream.cursor, request, response, value as Record<string, unknown>, call).catch(
          onFailure,
        );
        return;
      }
      dispatch.unary(route.operation as UnaryOperationId, value, call).then((result) => {
        writeJson(response, route.status, call.requestId, JSON.stringify(result));
      }, onFailure);
    } catch (thrown) {
      onFailure(thrown);
    }
  }

  async function serveStream(
    cursor: string | null,
    request: IncomingMessage,
    response: ServerResponse,
    fields: Record<string, unknown>,
    call: Call,
  ): Promise<void> {
    const lastEventId = headerOf(request, "last-event-id");
    if (cursor !== null && lastEventId !== undefined && lastEventId !== "") {
      place(fields, [cursor], readInteger(lastEventId));
    }
    const asJson = wantsJson(request.headers.accept);
    if (asJson) {
      fields.follow = false;
    }
    const open = await dispatch.stream(route.operation as StreamOperationId, fields, call);
    await (asJson ? streamJson(open, response, call) : streamEvents(open, response, call));
  }

  function fail(
    request: IncomingMessage,
    response: ServerResponse,
    thrown: unknown,
    requestId: string,
  ): void {
    const error = ContractError.from(thrown);
    // What dispatch rejects with is a ContractError already, and logged.
    if (error !== thrown && error.code === "internal") {
      const fields = { request_id: requestId, operation: route.operation, err: thrown };
      ambient.log.error(fields, "A request failed outside its handler.");
    }
    writeError(request, response, error, requestId);
  }
}
