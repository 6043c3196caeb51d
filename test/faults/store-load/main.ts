// A process of its own that opens a store as the daemon does, prints what it finds there, then writes to it under load and
// prints what was acknowledged, until it is killed or the store fails.
// Usage: main.ts <path> <in flight> <seed>. Lines: `kept <log> <seq> <id>`, `last <log> <seq>`, `slot <key> <rev> <value>`,
// `ready`, `append <log> <seq> <id>`, `cas <key> <rev> <value>`, `failed <code>`.
import { systemClock } from "../../../src/kernel/clock.js";
import { systemIds } from "../../../src/kernel/ids.js";
import { openSqlite } from "../../../src/storage/sqlite/open-sqlite.js";
import { seeded } from "../kit/seeded.js";

const [path, inFlight, seed] = process.argv.slice(2) as [string, string, string];
const logs = ["log0", "log1", "log2"];
const keys = ["key0", "key1", "key2", "key3"];
const page = 1024;
const ids = systemIds(systemClock);
const random = seeded(Number(seed));
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const backend = await openSqlite({ path, onFatal: ({ code }) => say(`failed ${code}`) });
const revs = new Map<string, number>();
for (const log of logs) {
  for (let from = 1; ; ) {
    const entries = await backend.read(log, { fromSeq: from, limit: page });
    for (const { seq, id } of entries) say(`kept ${log} ${seq} ${id}`);
    if (entries.length < page) break;
    from = entries.at(-1)!.seq + 1;
  }
  say(`last ${log} ${await backend.lastSeq(log)}`);
}
for (const { key, rev, value } of (await backend.list("bucket")).entries) {
  revs.set(key, rev);
  say(`slot ${key} ${rev} ${value}`);
}
say("ready");

/** Ends with the first call that is not acknowledged. */
async function append(): Promise<void> {
  for (;;) {
    const log = random.pick(logs);
    const id = ids.uuid();
    // Most entries are small; some take pages of their own.
    const body = "x".repeat(random.chance(0.05) ? random.between(4_000, 20_000) : random.between(50, 400));
    const result = await backend.append(log, { id, subject: "s", body });
    if (result.outcome !== "committed") return;
    say(`append ${log} ${result.seq} ${id}`);
  }
}

async function swap(key: string): Promise<void> {
  for (;;) {
    const value = ids.uuid();
    const result = await backend.cas("bucket", key, { expectRev: revs.get(key) ?? 0, value });
    if (result.outcome !== "committed") return;
    say(`cas ${key} ${result.rev} ${value}`);
    revs.set(key, result.rev);
  }
}

const load = [...Array.from({ length: Number(inFlight) }, append), ...keys.map(swap)];
await Promise.all(load.map((each) => each.catch((error: { code?: string }) => say(`failed ${error.code}`))));
