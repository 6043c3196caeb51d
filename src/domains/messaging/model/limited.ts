import type { CommsCommand } from "../../../generated/types.js";

/** Whether an inbox takes only so many of one sender: inputs are the owner's own, and answers were asked for. */
export function isLimited(kind: CommsCommand["kind"]): boolean {
  return kind === "peer_message" || kind === "peer_request";
}
