import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** How clients of this user find the daemon; field names are those of the wire. */
export interface Discovery {
  instance_id: string;
  pid: number;
  version: string;
  contract: string;
  digest: string;
  address: string;
  socket_path: string;
  started_at: string;
}

/** Writes the file in one step, readable by its owner only. */
export function writeDiscovery(path: string, discovery: Discovery): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.daemon-${discovery.instance_id}.json`);
  writeFileSync(draft, `${JSON.stringify(discovery, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** Removes the file unless another instance has put its own in its place. */
export function removeDiscovery(path: string, instanceId: string): void {
  try {
    const found = JSON.parse(readFileSync(path, "utf8")) as Partial<Discovery>;
    if (found.instance_id === instanceId) rmSync(path);
  } catch {
    // Gone or unreadable: nothing of ours is left to remove.
  }
}
