import type { McpExchange, McpParams, McpResult } from "../../../src/surfaces/mcp/feature.js";
import { metaKeys } from "../../../src/surfaces/mcp/revisions.js";

type List = "tools" | "prompts";

/** Lists that change, and who listens for it; the daemon's own lists never do. */
class Changes {
  readonly #listeners = new Set<(list: List) => void>();

  tell(list: List): void {
    for (const listener of this.#listeners) listener(list);
  }

  /** `subscriptions/listen`, in place of the daemon's. */
  readonly listen = async (params: McpParams, exchange: McpExchange): Promise<McpResult> => {
    const wanted = (params.notifications ?? {}) as Record<string, unknown>;
    const lists = (["tools", "prompts"] as const).filter((list) => wanted[`${list}ListChanged`] === true);
    const _meta = { [metaKeys.subscriptionId]: exchange.id };
    const { signal } = exchange.call;
    const send = (method: string, more: object): void =>
      exchange.stream().send(JSON.stringify({ jsonrpc: "2.0", method, params: { _meta, ...more } }));
    const over = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const notifications = Object.fromEntries(lists.map((list) => [`${list}ListChanged`, true]));
    send("notifications/subscriptions/acknowledged", { notifications });
    const listener = (list: List): void => {
      if (lists.includes(list)) send(`notifications/${list}/list_changed`, {});
    };
    this.#listeners.add(listener);
    await over;
    this.#listeners.delete(listener);
    return { fields: "", meta: _meta };
  };
}

export const changes = new Changes();
