// Loaded into the daemon beside its own program: watches how long the event loop is held up, and tells when asked.
import { monitorEventLoopDelay } from "node:perf_hooks";

const resolution = 1;
const delay = monitorEventLoopDelay({ resolution });
delay.enable();
process.on("message", ({ stall }) => {
  if (stall === "reset") {
    delay.reset();
    process.send({});
  } else if (stall === "read") {
    const milliseconds = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution);
    process.send({ max: milliseconds(delay.max), p999: milliseconds(delay.percentile(99.9)) });
  }
});
// The daemon ends when its work ends; this channel is no reason to stay.
process.channel?.unref();
