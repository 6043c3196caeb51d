import type { Benchmark, Result } from "../benchmark.js";
import { amount } from "../kit/compare.js";
import { cpuSeconds, residentMiB } from "../kit/cpu.js";
import { startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { sseHead, startReaders } from "../kit/readers.js";
import { openSpeaker } from "../kit/speaker.js";
import { median, spread } from "../kit/stats.js";

const events = 10_000;
/** Resumes in one round, so that a leak has something to show. */
const repeats = 5;

interface Sample {
  rate: number;
  cpuMicros: number;
  memory: number;
}

/** A reader that was away asks for everything from the beginning. */
export const resume: Benchmark = {
  name: "resume",
  summary: "10,000 kept events of a session read from the beginning over SSE",
  async run({ rounds, progress }): Promise<Result[]> {
    await using daemon = await startDaemon({ comms: "session_events_max = 100_000" });
    await using readers = await startReaders();
    const speaker = await openSpeaker(daemon, "loud");
    progress(`emitting ${events} events`);
    for (let left = events; left > 0; left -= 50) await speaker.emit(50);
    const query = `scope=session&session_id=${speaker.sessionId}&after_sequence=0&follow=false`;
    const head = sseHead(daemon.token, query);
    const { ours } = await interleave<"ours", Sample>(rounds, {
      ours: async () => {
        const cpu = cpuSeconds(daemon.pid);
        let milliseconds = 0;
        for (let repeat = 0; repeat < repeats; repeat += 1) {
          const started = performance.now();
          await readers.open({ protocol: "sse", port: daemon.port, head, connections: 1 });
          await readers.received(events);
          milliseconds += performance.now() - started;
          await readers.close();
        }
        return {
          rate: (events * repeats * 1000) / milliseconds,
          cpuMicros: ((cpuSeconds(daemon.pid) - cpu) * 1e6) / (events * repeats),
          memory: residentMiB(daemon.pid),
        };
      },
    });
    const memory = ours.map((sample) => sample.memory);
    return [
      {
        check: "resume.rate",
        figure: spread(ours.map((sample) => sample.rate)),
        unit: "/s",
        detail: `CPU ${amount(median(ours.map((sample) => sample.cpuMicros)), "us")} per event`,
      },
      {
        check: "resume.memory",
        figure: spread([memory.at(-1)! / memory[0]!]),
        unit: "x",
        detail: `${amount(memory[0]!, "MiB")} after round 1, ${amount(memory.at(-1)!, "MiB")} after round ${rounds}`,
      },
    ];
  },
};
