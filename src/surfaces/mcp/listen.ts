import { ContractError } from "../../kernel/contract-error.js";
import { typeDetail } from "../../kernel/validation-details.js";
import { McpFault } from "./fault.js";
import type { McpExchange, McpParams, McpResult } from "./feature.js";
import type { ResourceSource } from "./resources.js";
import { metaKeys } from "./revisions.js";
import { Updates } from "./updates.js";

/** Resources that one request may watch. */
const mostWatched = 64;

/**
 * `subscriptions/listen`: the answer is a stream of what changes until the client closes it, a resource is gone or the
 * daemon stops. A resource that may not be watched refuses the whole request: to leave it out would be silence.
 */
export async function listen(
  source: ResourceSource,
  params: McpParams,
  exchange: McpExchange,
): Promise<McpResult> {
  const uris = subscriptionsOf(params);
  const subscription = { [metaKeys.subscriptionId]: exchange.id };
  const { call } = exchange;
  const updates = new Updates(JSON.stringify(subscription));
  const stop = new AbortController();
  try {
    const over = new Promise<unknown>((resolve) => {
      for (const signal of [call.signal, stop.signal])
        signal.addEventListener("abort", resolve, { once: true });
    });
    const ended = (): void => stop.abort();
    for (const uri of uris) {
      const watcher = { updated: () => updates.changed(uri), ended };
      await source.watch(uri, watcher, exchange, stop.signal);
    }
    const stream = exchange.stream();
    const notifications = uris.length === 0 ? {} : { resourceSubscriptions: uris };
    stream.send(
      JSON.stringify({
        jsonrpc: "2.0",
        method: "notifications/subscriptions/acknowledged",
        params: { _meta: subscription, notifications },
      }),
    );
    updates.stream = stream;
    if (!call.cancelled && !stop.signal.aborted) await over;
    if (call.principal?.ended.aborted === true) throw new ContractError("unauthenticated");
    return { fields: "", meta: subscription };
  } finally {
    updates.stream = undefined;
    stop.abort();
  }
}

/** The resources that the request's filter names. Kinds of change that never happen here are left out. */
function subscriptionsOf({ notifications }: McpParams): readonly string[] {
  if (typeof notifications !== "object" || notifications === null || Array.isArray(notifications)) {
    throw wrong("notifications", "object", notifications);
  }
  const { resourceSubscriptions: uris = [] } = notifications as McpParams;
  const field = "notifications.resourceSubscriptions";
  if (!Array.isArray(uris)) throw wrong(field, "array", uris);
  if (uris.length > mostWatched) {
    const expected = `at most ${mostWatched} resources`;
    throw McpFault.params(200, { field, issue: "out_of_range", expected, got: String(uris.length) });
  }
  for (const [at, uri] of uris.entries())
    if (typeof uri !== "string") throw wrong(`${field}[${at}]`, "string", uri);
  return [...new Set(uris as string[])];
}

function wrong(field: string, expected: string, value: unknown): McpFault {
  return McpFault.params(200, typeDetail(field, expected, value));
}
