import type { Session } from "../sdks/typescript/src/browser.js";

/** The word for people, the same as in `peers` and on the command line; the contract's state for it is `live`. */
export function presenceOf({ state }: Pick<Session, "state">): string {
  return state === "live" ? "online" : String(state);
}
