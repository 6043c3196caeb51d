import { lookup } from "node:dns/promises";
import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../../config/load-config.js";
import { resolvePaths } from "../../config/paths.js";
import { globals, withClient } from "../client.js";
import { paint, print, printJson } from "../output.js";

interface Finding {
  check: string;
  state: "ok" | "warning" | "problem";
  says: string;
  fix?: string;
}

/** Looks at everything a daemon here depends on; exit code 1 when something is wrong. */
export async function doctor(command: Command): Promise<void> {
  const findings: Finding[] = [];
  const look = async (
    check: string,
    body: () => Promise<Omit<Finding, "check">> | Omit<Finding, "check">,
  ): Promise<void> => {
    try {
      findings.push({ check, ...(await body()) });
    } catch (error) {
      findings.push({ check, state: "problem", says: (error as Error).message });
    }
  };
  const paths = resolvePaths(process.env);
  let running = false;
  await look("daemon", async () => {
    try {
      const status = await withClient(command, (client) =>
        client.system.status({ timeout: 3_000, retries: 0 }),
      );
      running = true;
      return { state: "ok", says: `pid ${status.pid} at ${status.address}, contract ${status.contract}` };
    } catch (error) {
      if ((error as { code?: string }).code !== "daemon_unreachable") throw error;
      return { state: "problem", says: "no daemon answers", fix: "npm start, or parley up --detach" };
    }
  });
  await look("config", () => {
    const config = loadConfig({ cwd: process.cwd(), env: process.env });
    return { state: "ok", says: config.path ?? "no file found, defaults hold" };
  });
  await look("node", () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const fits = major > 24 || (major === 24 && minor >= 15);
    return {
      state: fits ? "ok" : "problem",
      says: process.version,
      ...(fits ? {} : { fix: "run it as npx parley, which brings its own Node" }),
    };
  });
  for (const [name, folder] of [
    ["state folder", paths.stateDir],
    ["data folder", paths.dataDir],
  ] as const) {
    await look(name, () => folderFinding(folder));
  }
  await look("disk", () => {
    const disk = statfsSync(existing(paths.dataDir));
    const free = disk.bavail * disk.bsize;
    const says = `${(free / 2 ** 30).toFixed(1)} GiB free`;
    return free < 2 ** 28
      ? { state: "problem", says, fix: "free some space: receipts need room on disk" }
      : { state: "ok", says };
  });
  await look("clock", () => {
    const plausible = Date.now() > Date.UTC(2026, 0, 1);
    return plausible
      ? { state: "ok", says: new Date().toISOString() }
      : {
          state: "problem",
          says: `the clock says ${new Date().toISOString()}`,
          fix: "set the machine's time: expiries depend on it",
        };
  });
  await look("resolution", async () => {
    const found = await lookup("parley.localhost").catch(() => undefined);
    if (found !== undefined) return { state: "ok", says: `*.localhost is ${found.address}` };
    return {
      state: "warning",
      says: "this system does not resolve *.localhost",
      fix: "our SDKs and browsers do it themselves; for curl use --resolve or 127.0.0.1",
    };
  });
  await look("port", () => portFinding(running));
  if (globals(command).json) printJson({ findings });
  else for (const finding of findings) printFinding(finding);
  if (findings.some((finding) => finding.state === "problem")) process.exitCode = 1;
}

function folderFinding(folder: string): Omit<Finding, "check"> {
  const there = existing(folder);
  accessSync(there, constants.W_OK);
  if (there !== folder) return { state: "ok", says: `${folder} (made at the first start)` };
  const stat = statSync(folder);
  if ((stat.mode & 0o077) !== 0) {
    return { state: "warning", says: `${folder} is open to other users`, fix: `chmod 700 ${folder}` };
  }
  return { state: "ok", says: folder };
}

/** The nearest folder above that is there. */
function existing(folder: string): string {
  try {
    statSync(folder);
    return folder;
  } catch {
    return existing(dirname(folder));
  }
}

function portFinding(running: boolean): Promise<Omit<Finding, "check">> {
  return new Promise((resolve) => {
    if (running) return resolve({ state: "ok", says: "the daemon has it" });
    const server = createServer();
    server.once("error", () =>
      resolve({
        state: "warning",
        says: "127.0.0.1:7433 is taken by something else",
        fix: "the daemon will take the next free port, or set [server] port",
      }),
    );
    server.listen(7433, "127.0.0.1", () =>
      server.close(() => resolve({ state: "ok", says: "127.0.0.1:7433 is free" })),
    );
  });
}

function printFinding({ check, state, says, fix }: Finding): void {
  const mark = {
    ok: paint("green", "ok     "),
    warning: paint("yellow", "warning"),
    problem: paint("red", "problem"),
  }[state];
  print(`${mark}  ${check.padEnd(13)} ${says}`);
  if (fix !== undefined) print(`         ${" ".repeat(13)} fix: ${fix}`);
}
