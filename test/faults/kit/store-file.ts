import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { seqBits } from "../../../src/storage/sqlite/schema.js";

/**
 * What is wrong with a store's file that no process has open, by itself: pages and indexes, positions without a gap, one
 * id once, numbers below their counters. Works on a copy, so that the next start finds what the fault left.
 */
export function checkStoreFile(path: string): string[] {
  // The fault came before there was one.
  if (!existsSync(path)) return [];
  const folder = mkdtempSync(join(tmpdir(), "parley-check-"));
  try {
    const copy = join(folder, "store.db");
    for (const suffix of ["", "-wal"])
      if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    const database = new DatabaseSync(copy);
    try {
      return findings(database);
    } finally {
      database.close();
    }
  } catch (error) {
    return [`the store cannot be read: ${(error as Error).message}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findings(database: DatabaseSync): string[] {
  const found: string[] = [];
  const check = database
    .prepare("PRAGMA quick_check")
    .all()
    .map((row) => String(Object.values(row)[0]));
  if (check.join() !== "ok") found.push(`quick_check says ${check.slice(0, 3).join("; ")}`);
  const logs = database
    .prepare(
      `SELECT log.name, log.last_seq AS folded, count(*) AS kept, min(seq) AS low, max(seq) AS high,
         count(*) FILTER (WHERE recent) AS recent, min(seq) FILTER (WHERE recent) AS lowRecent
       FROM log JOIN (
         SELECT log, pos & :mask AS seq, 0 AS recent FROM entry UNION ALL SELECT log, seq, 1 FROM recent
       ) AS kept ON kept.log = log.log GROUP BY log.log`,
    )
    .all({ mask: 2 ** seqBits - 1 });
  for (const { name, folded, kept, low, high, recent, lowRecent } of logs as Record<string, number>[])
    if (high !== folded! + recent! || kept !== high! - low! + 1 || (recent! > 0 && lowRecent !== folded! + 1))
      found.push(`${name} has ${kept} entries from ${low} to ${high}, ${recent} of them after ${folded}`);
  const { doubled } = database
    .prepare(
      `SELECT (SELECT count(*) - count(DISTINCT log || ' ' || id) FROM recent) + count(*) AS doubled
       FROM recent JOIN entry ON entry.log = recent.log AND entry.id = unhex(recent.id, '-')`,
    )
    .get() as { doubled: number };
  if (doubled > 0) found.push(`${doubled} ids are there twice`);
  const { above } = database
    .prepare("SELECT count(*) AS above FROM slot WHERE rev > (SELECT rev FROM counter)")
    .get() as { above: number };
  if (above > 0) found.push(`${above} revisions lie above the counter`);
  return found;
}
