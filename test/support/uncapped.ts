import type { CommsLimits } from "../../src/domains/messaging/ports.js";

const most = 1_000_000;

/** For tests in which one sender stands for many: nothing is held back before the inbox is full. */
export const uncapped: Partial<CommsLimits> = {
  unreadPerSender: most,
  sendsPerSecond: most,
  sendsBurst: most,
  loopTurns: most,
  loopRepeats: most,
};

/** The same as lines of the config file's `[comms]`. */
export const uncappedLines = [
  "unread_per_sender",
  "sends_per_second",
  "sends_burst",
  "loop_turns",
  "loop_repeats",
]
  .map((key) => `${key} = ${most}\n`)
  .join("");
