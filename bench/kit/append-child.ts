// Appends to the sqlite engine with a number of calls in flight, for a time.
// Usage: append-child.ts <path> <in flight> <bytes> <milliseconds>
import { systemClock } from "../../src/kernel/clock.js";
import { systemIds } from "../../src/kernel/ids.js";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.js";

const [path, inFlight, bytes, milliseconds] = process.argv.slice(2) as [string, string, string, string];
const backend = await openSqlite({ path });
const ids = systemIds(systemClock);
const body = "x".repeat(Number(bytes));

async function append(until: number): Promise<number> {
  let done = 0;
  while (performance.now() < until) {
    const result = await backend.append("inbox/bench", { id: ids.uuid(), subject: "bench", body });
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
const done = await load(Number(milliseconds));
const rate = (done * 1000) / (performance.now() - started);
await backend.close();
process.send!({ rate });
process.disconnect();
