import type { Clock } from "../kernel/clock.js";
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

const longestTimer = 2 ** 31 - 1;

/** Calls back at a wall-clock time however far away; the result cancels it. */
export function atTime(clock: Clock, time: number, callback: () => void): () => void {
  let cancel: () => void = () => {};
  const arm = (): void => {
    const left = time - clock.now();
    cancel = left > longestTimer ? clock.after(longestTimer, arm) : clock.after(Math.max(0, left), callback);
  };
  arm();
  return () => cancel();
}
