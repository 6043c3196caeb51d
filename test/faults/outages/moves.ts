import { setTimeout as pause } from "node:timers/promises";
import type { TestDaemon } from "../../support/daemon.js";
import type { Seeded } from "../kit/seeded.js";
import type { HostProcess } from "./hosts.js";

/** One outage: what happens, and how long it lasts. */
export interface Move {
  /** `suspend` stops the daemon and all hosts, as a closed lid does; `freeze` stops one process of hosts. */
  kind: "kill" | "restart" | "stop" | "suspend" | "freeze";
  ms: number;
}

/** One of each kind that CI has time for. */
export const shortMoves: readonly Move[] = [
  { kind: "kill", ms: 1_000 },
  { kind: "stop", ms: 5_000 },
  { kind: "restart", ms: 0 },
];

export function chooseMove(random: Seeded): Move {
  const kind = random.pick(["kill", "kill", "restart", "stop", "stop", "suspend", "freeze"] as const);
  const share = random.next();
  if (kind === "restart") return { kind, ms: 0 };
  if (kind === "kill") return { kind, ms: share < 0.6 ? 0 : share < 0.9 ? 3_000 : 40_000 };
  return { kind, ms: share < 0.8 ? 5_000 : share < 0.93 ? 35_000 : 90_000 };
}

/** Carries the outage out; resolves when the daemon serves again. */
export async function carryOutMove(
  { kind, ms }: Move,
  daemon: TestDaemon,
  hosts: readonly HostProcess[],
  random: Seeded,
): Promise<void> {
  if (kind === "kill" || kind === "restart") {
    await daemon.stop(kind === "kill" ? "SIGKILL" : "SIGTERM");
    await pause(ms);
    return daemon.restart();
  }
  const stopped = kind === "stop" ? [] : kind === "suspend" ? hosts : [random.pick(hosts)];
  try {
    for (const host of stopped) host.pause();
    if (kind !== "freeze") process.kill(daemon.pid, "SIGSTOP");
    await pause(ms);
  } finally {
    if (kind !== "freeze") process.kill(daemon.pid, "SIGCONT");
    for (const host of stopped) host.resume();
  }
}
