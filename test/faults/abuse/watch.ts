import { readdirSync, readFileSync } from "node:fs";
import { localCall, type TestDaemon } from "../../support/daemon.js";
import { until } from "../../support/wait.js";

/** Looks at a daemon's process from outside. */
export interface Watch {
  /** Resident memory, bytes. */
  rss(): number;
  /** The most that it ever was, bytes. */
  peakRss(): number;
  /** Open file descriptors. */
  fds(): number;
  /** Longest stall of the event loop since the last call, milliseconds. */
  stall(): Promise<number>;
  /** Waits until connections that ended are gone. */
  settled(fds: number): Promise<void>;
}

export function watch(daemon: TestDaemon): Watch {
  const fds = (): number => readdirSync(`/proc/${daemon.pid}/fd`).length;
  const memory = (name: string): number => {
    const status = readFileSync(`/proc/${daemon.pid}/status`, "utf8");
    return Number(new RegExp(`${name}:\\s+([0-9]+)`).exec(status)?.[1]) * 1024;
  };
  return {
    fds,
    rss: () => memory("VmRSS"),
    peakRss: () => memory("VmHWM"),
    async stall() {
      const response = await fetch(`${daemon.address}/metrics`, {
        headers: { authorization: `Bearer ${daemon.token}` },
      });
      const found = /^parley_event_loop_delay_seconds (\S+)$/m.exec(await response.text());
      return Number(found?.[1]) * 1000;
    },
    async settled(least) {
      await until("the connections to be gone", () => (fds() <= least ? true : undefined));
    },
  };
}

/** What the daemon counts of itself. */
export async function counts(daemon: TestDaemon): Promise<{ connections: number; streams: number }> {
  const { body } = await localCall(daemon.socketPath, "GET", "/status");
  return (body as { counts: { connections: number; streams: number } }).counts;
}
