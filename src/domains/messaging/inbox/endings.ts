import type { FailureReason } from "../../../generated/types.js";
import type { AnsweredEntry, Ending, SettledEntry } from "./inbox-entry.js";

/** The ending that an answer makes; undefined when it is progress. */
export function endingOfAnswer({ command, sender }: AnsweredEntry): Ending | undefined {
  const { status, result } = command;
  if (status === "accepted") return undefined;
  if (status === "completed") return { kind: "complete", result };
  const message = `${sender.name} answered that it failed.`;
  return {
    kind: "failed",
    reason: { code: "peer_failed", message, retryable: false, result },
    undelivered: "dead",
  };
}

/** The ending that a host's outcome makes; undefined when it gave the work back. */
export function endingOfOutcome({ outcome }: SettledEntry): Ending | undefined {
  if (outcome.kind === "retry_after") return undefined;
  if (outcome.kind === "done") {
    const { result = null, usage } = outcome;
    return { kind: "complete", result, ...(usage === undefined ? {} : { usage }) };
  }
  const { code, message, retryable } = outcome;
  // What was cancelled is not wanted again.
  const letter = code === "cancelled" ? {} : { letter: true as const };
  return { kind: "failed", reason: { code, message, retryable }, undelivered: "dead", ...letter };
}

/** Its owner decided against what the session's policy held. */
export const refused: Ending = failure("refused", {
  code: "rejected",
  message: "The recipient refused it.",
  retryable: false,
});

export const expired: Ending = failure("expired", {
  code: "expired",
  message: "No host made it its own in its time.",
  retryable: true,
});

/** The copy of an answer left its inbox unread. The answer itself was delivered to its interaction: no dead letter. */
const copyGone = (message: string): Ending => ({
  kind: "failed",
  reason: { code: "expired", message, retryable: false },
  undelivered: "expired",
});

export const copyOmitted: Ending = copyGone("The copy of the answer left the inbox's list for newer ones.");

export const copyExpired: Ending = copyGone("No host took the copy of the answer in its time.");

/** Its owner has read it, and no host needs it. */
export const dismissed: Ending = { kind: "complete", result: null };

/** Every host that had it was gone before it was done. */
export const lapsed: Ending = failure("dead", {
  code: "abandoned",
  message: "Too many hosts took it and none came to an end with it.",
  retryable: true,
});

/** What was asked to end is not wanted again. */
export const cancelled: Ending = {
  kind: "failed",
  reason: { code: "cancelled", message: "It was cancelled before its work was done.", retryable: false },
  undelivered: "dead",
};

/** The session is over, and with it the list of its dead letters. */
export const closed: Ending = {
  kind: "failed",
  reason: {
    code: "abandoned",
    message: "The session was closed before it ended its work.",
    retryable: true,
  },
  undelivered: "dead",
};

function failure(undelivered: "refused" | "expired" | "dead", reason: FailureReason): Ending {
  return { kind: "failed", reason, undelivered, letter: true };
}
