// Loaded into the daemon beside its own program: watches how long the event loop is held up, and tells when asked.
import { createHistogram, monitorEventLoopDelay } from "node:perf_hooks";

const resolution = 1;
const delay = monitorEventLoopDelay({ resolution });
/** Processor time of the main thread in each turn of the loop that did any work, microseconds. */
const turn = createHistogram();
// A round has too few samples for a rare percentile.
const turns = createHistogram();
/** A turn that only looked at the clock takes less. */
const workUs = 50;

let before;
function count() {
  if (before === undefined) return;
  const now = processorUs();
  const spent = now - before;
  before = now;
  if (spent >= workUs) {
    turn.record(spent);
    turns.record(spent);
  }
  setImmediate(count);
}

function processorUs() {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

process.on("message", ({ stall, all }) => {
  if (stall === "delay") {
    delay.reset();
    delay.enable();
    process.send({});
  } else if (stall === "turns") {
    turn.reset();
    if (all) turns.reset();
    before = processorUs();
    count();
    process.send({});
  } else if (stall === "read") {
    delay.disable();
    before = undefined;
    process.send({
      delayMs: Math.max(0, delay.max / 1e6 - resolution),
      turnMs: turn.max / 1e3,
      rareTurnMs: turns.percentile(99.9) / 1e3,
      turns: turns.count,
    });
  }
});
// The daemon ends when its work ends; this channel is no reason to stay.
process.channel?.unref();
