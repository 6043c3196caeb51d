import type { CommsCommand, PeerResponseCommand } from "../../../generated/types.js";
import type { Clock } from "../../../kernel/clock.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { Mailbox } from "../inbox/mailbox.js";
import { isLimited } from "../model/limited.js";
import type { CommsLimits } from "../ports.js";
import { cancelIntent } from "./cancel.js";
import { Conversations, type Message } from "./conversations.js";

export type AdmittedCommand = Exclude<CommsCommand, PeerResponseCommand>;

/** When a full inbox is worth another try. */
const fullRetryMs = 1_000;

/** What keeps one sender, or two that answer each other for ever, from filling an inbox or the machine. */
export class Admission {
  readonly #clock: Clock;
  readonly #limits: CommsLimits;
  readonly #conversations: Conversations;

  constructor(clock: Clock, limits: CommsLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#conversations = new Conversations({
      sends: { burst: limits.sendsBurst, perSecond: limits.sendsPerSecond },
      turns: limits.loopTurns,
      repeats: limits.loopRepeats,
    });
  }

  /**
   * Counts the command as sent, or returns why it may not come now. Only a full inbox keeps out an input, which is the
   * owner's own. A cancel request takes no room, and makes some. An answer is not asked about here: it is always taken.
   */
  refusal(sender: string, mailbox: Mailbox, command: AdmittedCommand): ContractError | undefined {
    const { inboxMax, unreadPerSender } = this.#limits;
    const field = command.kind === "input" ? "session_id" : "to";
    if (isCancel(command)) return this.#pace(sender, mailbox.sessionId, field);
    if (!mailbox.hasRoom) return dropped(field, "inbox_max", `at most ${inboxMax}`, fullRetryMs);
    if (isLimited(command.kind) && !mailbox.hasRoomFor(sender))
      return dropped(field, "unread_per_sender", `at most ${unreadPerSender}`, fullRetryMs);
    return command.kind === "input" ? undefined : this.#pace(sender, mailbox.sessionId, field, command);
  }

  #pace(sender: string, recipient: string, field: string, message?: Message): ContractError | undefined {
    const met = this.#conversations.take(sender, recipient, this.#clock.monotonic(), message);
    if (met === undefined) return undefined;
    const { sendsBurst, sendsPerSecond, loopTurns, loopRepeats } = this.#limits;
    const expected = {
      sends_per_second: `at most ${sendsPerSecond} after ${sendsBurst} at once`,
      loop_turns: `at most ${loopTurns} in turn, then one a second`,
      loop_repeats: `at most ${loopRepeats} of the same in turn, then one a minute`,
    };
    return dropped(field, met.limit, expected[met.limit], met.waitMs);
  }
}

function isCancel(command: AdmittedCommand): boolean {
  return command.kind === "peer_request" && command.intent === cancelIntent;
}

/** The limits by their names in the config file, and what they mean for who meets one. */
const meanings = {
  inbox_max: "The recipient's inbox is full",
  unread_per_sender: "The recipient has not read yet what you sent before",
  sends_per_second: "You send to the recipient faster than it may be",
  loop_turns: "You and the recipient only answer each other",
  loop_repeats: "You and the recipient say the same to each other again and again",
};

function dropped(
  field: string,
  limit: keyof typeof meanings,
  expected: string,
  retryAfterMs: number,
): ContractError {
  return new ContractError("admission_dropped", {
    message: `${meanings[limit]}; wait for \`retry_after_ms\` and send the same command with the same key.`,
    details: [{ field, issue: "limit_reached", expected: `${limit}: ${expected}`, got: "one more" }],
    retryAfterMs,
  });
}
