// Loaded into the daemon beside its own program: watches how long the event loop is held up, and tells when asked.
import { monitorEventLoopDelay } from "node:perf_hooks";

const resolution = 1;
const round = monitorEventLoopDelay({ resolution });
// A round has too few samples for a rare percentile.
const rounds = monitorEventLoopDelay({ resolution });
round.enable();
rounds.enable();
process.on("message", ({ stall, all }) => {
  if (stall === "reset") {
    round.reset();
    if (all) rounds.reset();
    process.send({});
  } else if (stall === "read") {
    const milliseconds = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution);
    process.send({
      max: milliseconds(round.max),
      p999: milliseconds(rounds.percentile(99.9)),
      samples: rounds.count,
    });
  }
});
// The daemon ends when its work ends; this channel is no reason to stay.
process.channel?.unref();
