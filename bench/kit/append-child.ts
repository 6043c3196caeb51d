// Appends to the sqlite engine with a number of calls in flight, for a time, over a number of logs in turn. With one
// log the ids rise, as a host's own do; with several they are spread, as those derived from a sender's key are.
// Usage: append-child.ts <path> <in flight> <bytes> <milliseconds> <logs>
import { randomUUID } from "node:crypto";
import { systemClock } from "../../src/kernel/clock.js";
import { systemIds } from "../../src/kernel/ids.js";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.js";

const [path, inFlight, bytes, milliseconds, logs] = process.argv.slice(2) as [
  string,
  ...[string, string, string, string],
];
const backend = await openSqlite({ path });
const ids = systemIds(systemClock);
const names = Array.from({ length: Number(logs) }, (_, n) => `inbox/bench-${n}`);
const newId = names.length === 1 ? () => ids.uuid() : () => randomUUID();
const body = "x".repeat(Number(bytes));
let turn = 0;

async function append(until: number): Promise<number> {
  let done = 0;
  while (performance.now() < until) {
    const log = names[turn++ % names.length]!;
    const result = await backend.append(log, { id: newId(), subject: "bench", body });
    if (result.outcome !== "committed") throw new Error(`an append ended as ${result.outcome}`);
    done += 1;
  }
  return done;
}

async function load(forMilliseconds: number): Promise<number> {
  const until = performance.now() + forMilliseconds;
  const counts = await Promise.all(Array.from({ length: Number(inFlight) }, () => append(until)));
  return counts.reduce((sum, count) => sum + count, 0);
}

await load(300);
const started = performance.now();
const usedBefore = process.cpuUsage();
const done = await load(Number(milliseconds));
const { user, system } = process.cpuUsage(usedBefore);
const rate = (done * 1000) / (performance.now() - started);
await backend.close();
process.send!({ rate, cpuMicros: (user + system) / done });
process.disconnect();
