// Migrates a store and tells how long it took, milliseconds: migrating-process.ts <path> [number of a statement]
// With a number it kills itself before that statement of the migration, counted from 0.
import { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../../src/storage/sqlite/database-file.js";

const [path, last] = process.argv.slice(2) as [string, string?];
let left = Number(last);

if (last !== undefined) {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
    const statements = sql.includes("user_version =") ? sql.replaceAll(/--.*/g, "").split(";") : [sql];
    for (const statement of statements) {
      if (statements.length > 1 && left-- === 0) process.kill(process.pid, "SIGKILL");
      exec.call(this, statement);
    }
  };
}

// Told before it begins, so that it is killed while it migrates and not while it loads.
process.send!("begins");
const started = performance.now();
openDatabase(path).close();
process.send!(performance.now() - started, () => process.disconnect());
