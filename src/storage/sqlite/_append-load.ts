// A process of its own that appends to a database under load and prints the id and position of every append that was
// acknowledged, until it is killed or has done as many as it was told.
// Usage: _append-load.ts <path> <in flight> <count, 0 for no end> <rows to a fold>
import { systemClock } from "../../kernel/clock.js";
import { systemIds } from "../../kernel/ids.js";
import { openSqlite } from "./open-sqlite.js";

const [path, inFlight, count, foldRows] = process.argv.slice(2) as [string, string, string, string];
const backend = await openSqlite({ path, foldRows: Number(foldRows) });
const ids = systemIds(systemClock);
let left = Number(count) || Infinity;

async function appendOnAndOn(writer: number): Promise<void> {
  while (left-- > 0) {
    const id = ids.uuid();
    const result = await backend.append(`log${writer % 2}`, {
      id,
      subject: `s${writer}`,
      body: "x".repeat(200),
    });
    if (result.outcome === "committed") process.stdout.write(`log${writer % 2} ${id} ${result.seq}\n`);
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, (_, writer) => appendOnAndOn(writer)));
await backend.close();
