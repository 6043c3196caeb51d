import type { Principal } from "../kernel/context.js";

/** A principal together with the switch that ends it. */
export interface LivePrincipal {
  readonly principal: Principal;
  end(): void;
}

/** What is left to say about a principal once it can be ended. */
export function livePrincipal(facts: Omit<Principal, "ended">): LivePrincipal {
  const controller = new AbortController();
  return { principal: { ...facts, ended: controller.signal }, end: () => controller.abort() };
}
