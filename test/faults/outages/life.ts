import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startDaemon } from "../../support/daemon.js";
import type { Seeded } from "../kit/seeded.js";
import { Asker } from "./asker.js";
import { builtPrograms, type Crew, fullCrew, type HostPrograms, startHosts } from "./hosts.js";
import { judge, runsOf } from "./judge.js";
import { carryOutMove, chooseMove, type Move } from "./moves.js";

/** Longer than a claim, a pause between tries and the longest work together: what has no end by then is stuck. */
const defaultPatienceMs = 180_000;

export interface LifeOptions {
  cycles: number;
  random: Seeded;
  /** These moves in turn instead of chosen ones. */
  moves?: readonly Move[];
  /** The longest work, milliseconds. */
  longestWorkMs?: number;
  crew?: Crew;
  programs?: HostPrograms;
  /** How long the last outage may be followed by no further end of a request, milliseconds. */
  patienceMs?: number;
  cycleDone?(): void;
}

export interface LifeResult {
  broken: string[];
  figures: Record<string, number>;
}

/** One daemon under busy hosts, through outages of every kind; then everything is read back and judged. */
export async function life(options: LifeOptions): Promise<LifeResult> {
  const { cycles, random, moves, longestWorkMs = 45_000 } = options;
  await using daemon = await startDaemon();
  const ledgerPath = join(daemon.folder, "ledger");
  const hosts = await startHosts(
    daemon,
    ledgerPath,
    options.crew ?? fullCrew,
    options.programs ?? builtPrograms,
  );
  const names = hosts.flatMap((host) => host.names);
  const asker = new Asker(daemon, random.fork(1));
  const broken: string[] = [];
  const figures: Record<string, number> = {};
  const count = (name: string, by = 1): void => {
    figures[name] = (figures[name] ?? 0) + by;
  };
  try {
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const move = moves?.[cycle % moves.length] ?? chooseMove(random);
      await asker.look();
      asker.ask(names, longestWorkMs);
      await pause(random.next() * 1_500);
      await carryOutMove(move, daemon, hosts, random);
      count(`${move.kind}s`);
      if (move.ms >= 35_000) count("long_outages");
      options.cycleDone?.();
    }
    await asker.sent();
    await untilEnded(asker, options.patienceMs ?? defaultPatienceMs);
    // What is on disk counts, not what the last process had in memory.
    await daemon.stop();
    await daemon.restart();
    const runs = runsOf(existsSync(ledgerPath) ? readFileSync(ledgerPath, "utf8") : "");
    for (const asked of asker.asked) {
      const mine = runs.get(asked.interactionId) ?? [];
      const events = await asker.read(asked.interactionId);
      broken.push(...judge(asked, mine, events));
      count("events", events.length);
      if (mine.some(({ completed }) => completed)) count("completed");
    }
    count("interactions", asker.asked.length);
    if (asker.asked.length === 0) broken.push("nothing was asked: this proved nothing");
  } finally {
    for (const { failure } of hosts) if (failure !== undefined) broken.push(failure);
    if (broken.length > 0)
      broken.push(
        ...hosts.filter(({ printed }) => printed !== "").map(({ names: of, printed }) => `${of}: ${printed}`),
      );
    await asker.close();
    await Promise.all(hosts.map((host) => host.end()));
  }
  return { broken, figures };
}

/** Waits for as long as requests come to their ends. */
async function untilEnded(asker: Asker, patienceMs: number): Promise<void> {
  let [left, since] = [asker.open, performance.now()];
  while (asker.open > 0 && performance.now() - since < patienceMs) {
    await asker.look();
    if (asker.open < left) [left, since] = [asker.open, performance.now()];
    await pause(250);
  }
}
