// The floor of durability: appends a record and syncs the file, one after the other, and reports how long each took.
// Usage: synced-append.ts <folder> <count> <bytes>
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { percentile } from "../kit/stats.js";

const [folder, count, bytes] = process.argv.slice(2) as [string, string, string];
const file = openSync(join(folder, "synced-append"), "a");
const record = Buffer.alloc(Number(bytes), "x");
const times: number[] = [];
const started = performance.now();
for (let done = 0; done < Number(count); done += 1) {
  const before = performance.now();
  writeSync(file, record);
  fdatasyncSync(file);
  times.push(performance.now() - before);
}
const seconds = (performance.now() - started) / 1000;
closeSync(file);
process.send!({ rate: Number(count) / seconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99) });
process.disconnect();
