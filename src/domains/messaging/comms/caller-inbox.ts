import type { CallerInbox } from "../../../generated/types.js";
import { isoTime } from "../../../kernel/clock.js";
import type { Waiting } from "../inbox/waiting.js";

/** What the result of a call carries of its caller's inbox: no field when nothing waits. */
export function callerInbox(waiting: Waiting | undefined): { inbox?: CallerInbox } {
  return waiting === undefined
    ? {}
    : { inbox: { waiting: waiting.count, oldest_at: isoTime(waiting.oldestAt) } };
}
