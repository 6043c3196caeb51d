import type { Call } from "../../kernel/context.js";
import { typeDetail } from "../../kernel/validation-details.js";
import { McpFault } from "./fault.js";
import type { McpCache, McpExchange, McpFeature, McpParams, McpResult } from "./feature.js";
import { listen } from "./listen.js";
import { refuseCursor } from "./message.js";
import { constantCache } from "./server-info.js";

/** On whose behalf a resource is looked at, and in which kind of revision. */
export type ResourceCaller = Pick<McpExchange, "call" | "stateless">;

/** What can be read and watched. It throws `McpFault` or the contract's errors. */
export interface ResourceSource {
  /** As `resources/list` shows them to the caller. */
  list(call: Call): readonly object[];
  readonly templates: readonly object[];
  /** The resource's contents. */
  read(uri: string, caller: ResourceCaller): Promise<readonly object[]>;
  /** Tells `watcher` of changes until the signal aborts. Resolves once it watches. */
  watch(uri: string, watcher: ResourceWatcher, caller: ResourceCaller, signal: AbortSignal): Promise<void>;
  /** The resource that a caller is told of when nobody knows any more what it subscribed to. */
  own(call: Call): string;
}

export interface ResourceWatcher {
  updated(): void;
  /** The resource is gone. */
  ended(): void;
}

/** Lists are the caller's own; contents change at any time. */
const listCache: McpCache = { ttlMs: 60_000, cacheScope: "private" };
const contentsCache: McpCache = { ttlMs: 0, cacheScope: "private" };

/** Resources with subscriptions, in the forms of both kinds of revision. */
export function createResources(source: ResourceSource): McpFeature {
  const templates = JSON.stringify({ resourceTemplates: source.templates }).slice(1, -1);
  return {
    capabilities: { resources: { subscribe: true } },
    methods: {
      "resources/list"(params, { call }) {
        refuseCursor(params);
        return { fields: `"resources":${JSON.stringify(source.list(call))}`, cache: listCache };
      },
      "resources/templates/list"(params) {
        refuseCursor(params);
        return { fields: templates, cache: constantCache };
      },
      async "resources/read"(params, exchange): Promise<McpResult> {
        const contents = await source.read(uriOf(params), exchange);
        return { fields: `"contents":${JSON.stringify(contents)}`, cache: contentsCache };
      },
    },
    sessionMethods: {
      async "resources/subscribe"(params, exchange) {
        const uri = uriOf(params);
        await exchange.session().subscribe(uri, (updated, signal) =>
          // Who reads what is gone is told so.
          source.watch(uri, { updated, ended: updated }, exchange, signal),
        );
        return { fields: "" };
      },
      "resources/unsubscribe"(params, exchange) {
        exchange.session().unsubscribe(uriOf(params));
        return { fields: "" };
      },
    },
    statelessMethods: {
      "subscriptions/listen": (params, exchange) => listen(source, params, exchange),
    },
    async adopt(session, call) {
      const uri = source.own(call);
      await session.subscribe(uri, (updated, signal) =>
        source.watch(uri, { updated, ended: updated }, { call, stateless: false }, signal),
      );
      session.updated(uri);
    },
  };
}

function uriOf({ uri }: McpParams): string {
  if (typeof uri === "string") return uri;
  throw McpFault.params(200, typeDetail("uri", "string", uri));
}
