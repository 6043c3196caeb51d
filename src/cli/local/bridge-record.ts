import { readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readOwnFile } from "../../../sdks/typescript/src/runtime/node/own-path.js";
import { resolvePaths } from "../../config/paths.js";
import { makeFolder } from "../../platform/make-folder.js";
import { isRunning, type ProcessIdentity, processStart } from "../../platform/process-identity.js";

/** What a bridge leaves behind so that its successor can end its hold on a name at once, after a kill. */
interface BridgeRecord extends ProcessIdentity {
  /** Process numbers mean something only inside their namespace: containers can share a state folder. */
  namespace: string;
  /** The daemon's address; empty for this user's own. */
  daemon: string;
  lease_token: string;
}

const nameRule = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Records that this process is about to hold the name under the lease token. Where no file can be written there is none. */
export function recordBridge(name: string, daemon: string, leaseToken: string): () => void {
  const folder = folderOf(name);
  const start = processStart(process.pid);
  if (folder === undefined || start === undefined) return () => undefined;
  const record: BridgeRecord = {
    pid: process.pid,
    process_start: start,
    namespace: namespace(),
    daemon,
    lease_token: leaseToken,
  };
  const path = join(folder, `${name}.${process.pid}.json`);
  try {
    makeFolder(folder);
    writeFileSync(path, JSON.stringify(record), { mode: 0o600 });
  } catch {
    return () => undefined;
  }
  return () => rmSync(path, { force: true });
}

/** Lease tokens of bridges of that name whose processes have ended without releasing it, and how to forget each. */
export function deadBridges(name: string, daemon: string): { leaseToken: string; forget(): void }[] {
  const folder = folderOf(name);
  const uid = process.geteuid?.();
  if (folder === undefined || uid === undefined) return [];
  return filesIn(folder)
    .filter((file) => file.startsWith(`${name}.`) && file.endsWith(".json"))
    .flatMap((file) => {
      const path = join(folder, file);
      const record = readRecord(path, uid);
      if (record === undefined || record.daemon !== daemon || record.namespace !== namespace()) return [];
      if (isRunning(record)) return [];
      return [{ leaseToken: record.lease_token, forget: () => rmSync(path, { force: true }) }];
    });
}

function readRecord(path: string, uid: number): BridgeRecord | undefined {
  const looked = readOwnFile(path, uid);
  if (looked === undefined || "refusal" in looked) return undefined;
  try {
    const record = JSON.parse(looked.value) as Partial<BridgeRecord> | null;
    const texts = [record?.process_start, record?.namespace, record?.daemon, record?.lease_token];
    const fits = Number.isSafeInteger(record?.pid) && texts.every((text) => typeof text === "string");
    return fits ? (record as BridgeRecord) : undefined;
  } catch {
    return undefined;
  }
}

function folderOf(name: string): string | undefined {
  if (!nameRule.test(name)) return undefined;
  try {
    return join(resolvePaths(process.env).stateDir, "bridges");
  } catch {
    // Without a home folder there is no place for it.
    return undefined;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function namespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
