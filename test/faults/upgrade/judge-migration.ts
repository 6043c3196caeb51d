import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type * as DatabaseFile from "../../../src/storage/sqlite/database-file.js";
import { seqBits } from "../../../src/storage/sqlite/schema.js";
import { laterStepCount } from "./later-steps.js";

const rows = 20_000;

/** What a store held before its migration. */
export interface Before {
  version: number;
  digest: string;
}

/** Makes a store whose migration takes long enough to be hit. */
export function bigStore({ openDatabase, pragma }: typeof DatabaseFile, path: string): Before {
  const database = openDatabase(path);
  database.exec(`
    BEGIN;
    INSERT INTO log VALUES (1, 'inbox/a', ${rows});
    WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < ${rows})
    INSERT INTO entry SELECT (1 << ${seqBits}) | seq, 1, randomblob(16), seq % 9, 'text ' || hex(randomblob(40)) FROM n;
    COMMIT;
    PRAGMA wal_checkpoint(TRUNCATE);
  `);
  const before = { version: pragma(database, "user_version"), digest: digestOf(database) };
  database.close();
  return before;
}

/** What of a killed file is half-done: every step is there as a whole or not at all. */
export function judgeStep(path: string, from: number): string[] {
  return inspect(path, (database) => {
    const version = Number(database.prepare("PRAGMA user_version").get()!.user_version);
    const exists = (rule: string): boolean =>
      database.prepare(`SELECT count(*) AS found FROM sqlite_master WHERE ${rule}`).get()!.found === 1;
    const sized = exists("name = 'entry_size'");
    const moved = exists("name = 'entry' AND sql LIKE '%CHECK (pos > 0)%'");
    const broken: string[] = [];
    if (version < from || version > from + laterStepCount) broken.push(`the file has version ${version}`);
    if (sized !== version > from) broken.push(`version ${version} ${sized ? "has" : "lacks"} the first step`);
    if (moved !== version > from + 1)
      broken.push(`version ${version} ${moved ? "has" : "lacks"} the second step`);
    if (exists("name = 'moved'")) broken.push(`version ${version} has rows on their way`);
    return broken;
  });
}

/** The next start finishes what was cut off; every row is there, once, and the file is whole. */
export function judgeMigrated(
  { openDatabase, pragma }: typeof DatabaseFile,
  path: string,
  before: Before,
): string[] {
  const broken: string[] = [];
  let database: DatabaseSync;
  try {
    database = openDatabase(path);
  } catch (error) {
    return [`it does not open again: ${String(error)}`];
  }
  const version = pragma(database, "user_version");
  if (version !== before.version + laterStepCount) broken.push(`it was migrated to ${version} only`);
  const check = database.prepare("PRAGMA quick_check").get()!.quick_check;
  if (check !== "ok") broken.push(`quick_check says ${String(check)}`);
  const sizes = database
    .prepare("SELECT count(*) AS found FROM entry JOIN entry_size USING (pos) WHERE chars = length(body)")
    .get()!.found;
  if (sizes !== rows) broken.push(`${String(sizes)} rows of ${rows} were filled in`);
  if (digestOf(database) !== before.digest) broken.push("rows were lost or changed");
  database.close();
  return broken;
}

/** The earlier program must leave a later one's store alone, to the byte, and say what to do. */
export function judgeRefusal({ openDatabase }: typeof DatabaseFile, path: string): string[] {
  const bytes = storeBytes(path);
  try {
    openDatabase(path).close();
    return ["a newer store was opened"];
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== "version") return [`a newer store gave ${code}: ${message}`];
    if (!message.includes("start a newer Parley")) return [`the refusal does not help: ${message}`];
  }
  return storeBytes(path) === bytes ? [] : ["a newer store was changed"];
}

/** Digest of a store's file and its write-ahead log. */
export function storeBytes(path: string): string {
  const digest = createHash("sha256");
  digest.update(readFileSync(path));
  if (existsSync(`${path}-wal`)) digest.update("log").update(readFileSync(`${path}-wal`));
  return digest.digest("hex");
}

export function versionOf(path: string): number {
  return inspect(path, (database) => Number(database.prepare("PRAGMA user_version").get()!.user_version));
}

/** Looks at a copy: closing the last connection would empty the log that the next start is to find. */
function inspect<T>(path: string, look: (database: DatabaseSync) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "parley-inspect-"));
  const copy = join(folder, "store.db");
  for (const end of ["", "-wal"]) if (existsSync(path + end)) copyFileSync(path + end, copy + end);
  const database = new DatabaseSync(copy);
  try {
    return look(database);
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

function digestOf(database: DatabaseSync): string {
  const digest = createHash("sha256");
  const all = database.prepare("SELECT pos, log, hex(id) AS id, subject, body FROM entry ORDER BY pos");
  for (const row of all.iterate()) digest.update(`${Object.values(row).join(" ")}\n`);
  return digest.digest("hex");
}
