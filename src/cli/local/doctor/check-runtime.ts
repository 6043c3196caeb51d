import { openFilesLimit } from "../../../platform/open-files.js";
import { checkSqliteVersion } from "../../../storage/sqlite/offline/inspect-database.js";
import { ok, type Result, trouble } from "./finding.js";
import type { Surroundings } from "./surroundings.js";

/** Descriptors that the daemon needs besides its connections. */
const otherFiles = 256;

export function checkNode(version = process.versions.node): Result {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const fits = major > 24 || (major === 24 && minor >= 15);
  return fits ? ok(`v${version}`) : trouble("node-old", `v${version}`);
}

export function checkSqlite(version = process.versions.sqlite ?? "0"): Result {
  try {
    checkSqliteVersion(version);
    return ok(version);
  } catch {
    return trouble("sqlite-old", version);
  }
}

export function checkLimits({ config }: Surroundings, limit = openFilesLimit()): Result {
  const connections = config instanceof Error ? 10_000 : config.limits.connections;
  if (limit === undefined) return ok("no limit on open files");
  const says = `${limit} open files, ${connections} connections allowed`;
  return limit < connections + otherFiles ? trouble("files-few", says) : ok(says);
}
