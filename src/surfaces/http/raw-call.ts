import type { IncomingMessage, ServerResponse } from "node:http";
import { type Ambient, Call, type SurfaceName } from "../../kernel/context.js";
import type { RawCall } from "../../kernel/raw.js";
import { formatTraceparent, parseTraceparent } from "../../kernel/traceparent.js";

/** The call behind one HTTP request of a byte route; it is cancelled when the client goes away before its answer. */
export function callOf(
  ambient: Ambient,
  surface: SurfaceName,
  request: IncomingMessage,
  response: ServerResponse,
  raw: RawCall,
): Call {
  const call = new Call(ambient, {
    requestId: raw.requestId,
    surface,
    principal: raw.principal,
    session: headerOf(request, "parley-session"),
    traceparent: traceparentOf(request),
  });
  response.once("close", () => {
    if (!response.writableFinished) call.cancel();
  });
  return call;
}

/** A call of a batch: the same caller under a request id of its own. */
export function partOf(call: Call, ambient: Ambient): Call {
  return new Call(ambient, {
    surface: call.surface,
    principal: call.principal,
    session: call.session,
    connectionId: call.connectionId,
    traceparent: call.traceparent,
  });
}

/** One header's value; a repeated one has none. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

/** The caller's trace context in the form of the contract; what is no trace context is left out, as its specification asks. */
export function traceparentOf(request: IncomingMessage): string | undefined {
  const context = parseTraceparent(headerOf(request, "traceparent"));
  return context === undefined ? undefined : formatTraceparent(context);
}
