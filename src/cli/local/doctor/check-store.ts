import { existsSync, statSync } from "node:fs";
import {
  damageOfLog,
  factsOf,
  findDamage,
  openForReading,
} from "../../../storage/sqlite/offline/inspect-database.js";
import { byteSize } from "../copy-progress.js";
import { ok, type Result, trouble } from "./finding.js";

const largeLogBytes = 256 * 2 ** 20;

/** Opens the store beside the daemon, or without one, and reads all of it. */
export function checkStore(path: string | undefined, running = false): Result[] {
  if (path === undefined) return [trouble("store-memory", "the store is in memory")];
  const found: Result[] = [];
  if (existsSync(`${path}.restoring`))
    found.push(trouble("store-restoring", `${path}.restoring waits to take its place`));
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    return [
      ...found,
      log !== undefined && log.size > 0
        ? trouble("store-missing", `${path} is gone, ${path}-wal is there`, { path })
        : ok(`${path} (made at the first start)`),
    ];
  }
  return [...found, ...inspect(path, running)];
}

function inspect(path: string, running: boolean): Result[] {
  let database: ReturnType<typeof openForReading>;
  try {
    database = openForReading(path);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "version") return [trouble("store-newer", message)];
    return [trouble(code === "corrupt" ? "store-damaged" : "store-unreadable", message, { path })];
  }
  try {
    const damage = findDamage(database, path, "quick");
    if (damage !== undefined) return [trouble("store-damaged", `${path}: ${damage}`, { path })];
    // A daemon that works on it moves the log along while it is read.
    const frame = running ? undefined : damageOfLog(path);
    if (frame !== undefined) return [trouble("store-log-damaged", `${path}-wal: damaged at frame ${frame}`)];
    const { bytes, freeBytes, logBytes, schemaVersion } = factsOf(database, path);
    const log = `write-ahead log ${byteSize(logBytes)}`;
    const says = `${path}: whole, schema ${schemaVersion}, ${byteSize(bytes)}, ${byteSize(freeBytes)} of it free, ${log}`;
    return [logBytes > largeLogBytes ? trouble("store-log-large", says) : ok(says)];
  } finally {
    database.close();
  }
}
