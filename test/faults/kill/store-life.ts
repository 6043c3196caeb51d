import { join } from "node:path";
import { startDaemon, type TestDaemon } from "../../support/daemon.js";
import { uncappedLines } from "../../support/uncapped.js";
import { keepEvidence } from "../kit/evidence.js";
import type { Seeded } from "../kit/seeded.js";
import { checkStoreFile } from "../kit/store-file.js";
import { type Blow, plainKill } from "./blow.js";
import { checkAll } from "./check-all.js";
import { FenceTakers } from "./fence-takers.js";
import { SinkHost } from "./host.js";
import { Ledger } from "./ledger.js";
import { Life } from "./life.js";
import { Askers, readSession } from "./readers.js";
import { Senders } from "./senders.js";

const config = `[comms]\n${uncappedLines}inbox_max = 1000000\nsession_events_max = 10000000\n[log]\nlevel = "warn"`;
/** The file is looked at after every so many kills, and at the end. */
const fileCheckEvery = 10;
const senders = 4;
const hosts = 6;

/** What the kills of one store came to. */
export interface StoreFigures {
  acknowledged: number;
  repeats: number;
  fences: number;
  events: number;
  streams: number;
  killedStarting: number;
  startMs: number[];
  broken: string[];
}

export interface StoreOptions {
  cycles: number;
  random: Seeded;
  /** Begins each sentence about something broken. */
  where(cycle: number): string;
  cycleDone(): void;
  /** A plain kill unless told. */
  blow?: Blow;
  /** Damages the store of a stopped daemon before the first kill: the suite's own test. */
  sabotage?(path: string): void;
}

/** Kills one store's daemon again and again under load, and holds everything it said against what it says afterwards. */
export async function killOneStore(options: StoreOptions): Promise<StoreFigures> {
  const { cycles, random, where, blow = plainKill } = options;
  const ledger = new Ledger();
  const store = blow.storePath === undefined ? "" : `[store]\npath = "${blow.storePath}"\n`;
  await using daemon = await startDaemon({ config: store + config });
  const path = blow.storePath ?? join(daemon.folder, "data/parley/parley.db");
  const parts = {
    senders: new Senders(ledger),
    host: new SinkHost(ledger),
    takers: new FenceTakers(ledger),
    askers: new Askers(ledger),
  };
  const first = new Life(daemon, ledger, random);
  const opened = await first.local.sessions.open({
    name: "sink",
    ttl_ms: 0,
    lease_token: "the-first-holder",
  });
  const { session_id: sessionId } = opened.session;
  await first.close();
  if (options.sabotage !== undefined) {
    await daemon.stop();
    options.sabotage(path);
    await daemon.restart();
  }
  const figures = { killedStarting: 0, startMs: [] as number[] };
  let kept = options.sabotage !== undefined;
  /** At the first broken promise: the store as the blow left it. */
  const keep = (): void => {
    if (kept || ledger.broken.length === 0) return;
    kept = true;
    keepEvidence(path, ledger.where, daemon.output);
  };
  const die = async (): Promise<void> => {
    for (let cycle = 0; cycle < cycles; cycle++) {
      ledger.where = where(cycle);
      if (cycle > 0 && random.chance(0.2)) {
        const usual = figures.startMs.at(-1) ?? 300;
        void blow.arm?.(random, "starting");
        await daemon.restartAndKill(random.next() * 1.2 * usual);
        figures.killedStarting += 1;
      } else {
        if (cycle > 0) figures.startMs.push(await timedStart(daemon));
        if (random.chance(0.2)) parts.host.replaceHolder();
        await liveAndDie({ daemon, ledger, random, parts, sessionId, blow });
      }
      blow.over();
      keep();
      if (cycle % fileCheckEvery === fileCheckEvery - 1)
        for (const what of checkStoreFile(path)) ledger.fail(what);
      options.cycleDone();
    }
    ledger.where = `${where(cycles - 1)}, the whole store`;
    figures.startMs.push(await timedStart(daemon));
    const last = new Life(daemon, ledger, random);
    await checkAll(last, ledger, { ...parts, sessionId });
    last.end();
    await last.close();
    await daemon.stop("SIGKILL");
    for (const what of checkStoreFile(path)) ledger.fail(what);
  };
  // A daemon that cannot start again, or stops answering, breaks the promise as much as one that forgets.
  await die().catch((error: unknown) => ledger.fail(`the store could not go on: ${(error as Error).stack}`));
  keep();
  const { acknowledged, repeats, fences, seen, broken } = ledger;
  return {
    ...figures,
    ...{ acknowledged, repeats, fences, broken },
    events: seen.length,
    streams: parts.askers.completed,
  };
}

/** One life under load, up to a kill that comes a random time after a random number of acknowledgements. */
async function liveAndDie(options: {
  daemon: TestDaemon;
  ledger: Ledger;
  random: Seeded;
  parts: { senders: Senders; host: SinkHost; takers: FenceTakers; askers: Askers };
  sessionId: string;
  blow: Blow;
}): Promise<void> {
  const { daemon, ledger, random, parts, sessionId, blow } = options;
  const life = new Life(daemon, ledger, random, blow.expected);
  let left = random.between(1, 200);
  const due = Promise.withResolvers<void>();
  const acknowledged = (): void => {
    left -= 1;
    if (left === 0 && blow.arm === undefined) setTimeout(due.resolve, random.next() * 4);
  };
  void blow.arm?.(random, "loaded").then(due.resolve);
  const load = Promise.all([
    parts.senders.run(life, senders, acknowledged),
    parts.host.run(life, { workers: hosts, acknowledged }),
    parts.takers.run(life, acknowledged),
    parts.askers.run(life),
    readSession(life, ledger, sessionId, true),
  ]);
  const stuck = watch(() => left);
  await Promise.race([
    due.promise,
    stuck.promise.then(() => ledger.fail("nothing was acknowledged for a minute")),
  ]);
  stuck.stop();
  await daemon.stop("SIGKILL");
  life.end();
  await load;
  await life.close();
}

/** Resolves when a figure has not moved in six looks; counts looks, not time, so that a stopped run is not stuck. */
function watch(figure: () => number): { promise: Promise<void>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let last = figure();
  let looks = 0;
  const timer = setInterval(() => {
    looks = figure() === last ? looks + 1 : 0;
    last = figure();
    if (looks === 6) resolve();
  }, 10_000);
  return { promise, stop: () => clearInterval(timer) };
}

async function timedStart(daemon: TestDaemon): Promise<number> {
  const started = performance.now();
  const stuck = watch(() => 0);
  const gaveUp = stuck.promise.then(() => Promise.reject(new Error("not ready a minute after its start")));
  await Promise.race([daemon.restart(), gaveUp]).finally(stuck.stop);
  return performance.now() - started;
}
