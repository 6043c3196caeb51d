import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** How a Node that is too old is started: its program and what stands before the script. */
export interface OldNode {
  name: string;
  command: string;
  args: string[];
  /** Its folder for the PATH; undefined for one that is only pretended. */
  folder?: string;
}

const pretended: OldNode = {
  name: "a pretended v16.20.2",
  command: process.execPath,
  args: ["--require", fileURLToPath(new URL("./old-node.cjs", import.meta.url))],
};

/** The machine's own Node where it is too old for Parley, and always a pretended one. */
export function oldNodes(): OldNode[] {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder.includes("node_modules")) continue;
    const command = join(folder, "node");
    const { stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
    const [, major, minor] = /^v(\d+)\.(\d+)/.exec(stdout ?? "") ?? [];
    if (major === undefined) continue;
    if (Number(major) > 24 || (Number(major) === 24 && Number(minor) >= 15)) break;
    return [pretended, { name: `the machine's ${stdout.trim()}`, command, args: [], folder }];
  }
  console.log(
    "SKIPPED old Node of this machine: the one on the PATH is new enough; a pretended one is tried",
  );
  return [pretended];
}
