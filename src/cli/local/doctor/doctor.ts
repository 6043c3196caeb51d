import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { systemFailure } from "../../../platform/system-failure.js";
import { globals } from "../../client.js";
import { paint, print, printJson } from "../../output.js";
import { checkClock } from "./check-clock.js";
import { checkConfig, checkDaemon, checkSocket } from "./check-daemon.js";
import { checkSpace, checkSync, stampSkewMs } from "./check-disk.js";
import { checkNames } from "./check-names.js";
import { checkFiles, checkFolder, checkLog, nearest } from "./check-permissions.js";
import { checkPort } from "./check-port.js";
import { checkLimits, checkNode, checkSqlite } from "./check-runtime.js";
import { checkStore } from "./check-store.js";
import { checkTokens } from "./check-tokens.js";
import { type Finding, type Result, trouble } from "./finding.js";
import { lookAround, type Surroundings } from "./surroundings.js";

type Look = () => Promise<Result | Result[]> | Result | Result[];

/** Looks at everything a daemon here depends on, with one running or not; exit code 1 for a problem, else 0. */
export async function doctor(flags: { config?: string }, command: Command): Promise<void> {
  const findings = await lookInto(looks(await lookAround(flags.config, command)));
  if (globals(command).json) printJson({ findings });
  else for (const finding of findings) printFinding(finding);
  if (findings.some(({ state }) => state === "problem")) process.exitCode = 1;
}

/** Checks that write, that read the whole store or that wait for a resolver, and those of this command's own program. */
const slowChecks: ReadonlySet<string> = new Set(["node", "sqlite", "store", "sync", "clock", "resolution"]);

/** What is wrong by the checks that take no time. */
export async function quickTroubles(around: Surroundings): Promise<Finding[]> {
  const quick = Object.entries(looks(around)).filter(([check]) => !slowChecks.has(check));
  return (await lookInto(Object.fromEntries(quick))).filter(
    ({ state }) => state === "warning" || state === "problem",
  );
}

async function lookInto(checks: Record<string, Look>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [check, look] of Object.entries(checks)) {
    let found: Result | Result[];
    try {
      found = await look();
    } catch (error) {
      const system = systemFailure(error);
      found =
        system === undefined
          ? trouble("check-failed", (error as Error).message)
          : trouble("path-unusable", system.message);
    }
    for (const result of [found].flat()) findings.push({ check, ...result });
  }
  return findings;
}

function looks(around: Surroundings): Record<string, Look> {
  const { paths, daemon, storePath, logPath } = around;
  const dataDir = storePath === undefined ? paths.dataDir : dirname(storePath);
  const data = (): string => nearest(dataDir);
  const storeFiles =
    storePath === undefined ? [] : ["", "-wal", "-shm", ".lock"].map((end) => storePath + end);
  const socket = daemon instanceof Error ? paths.socketPath : (daemon.socket_path ?? paths.socketPath);
  const files = [...storeFiles, paths.discoveryFile, socket, logPath];
  return {
    daemon: () => checkDaemon(around),
    socket: () => checkSocket(around),
    config: () => checkConfig(around),
    node: () => checkNode(),
    sqlite: () => checkSqlite(),
    limits: () => checkLimits(around),
    store: () => checkStore(storePath, !(daemon instanceof Error)),
    sync: () => checkSync(data()),
    disk: () => checkSpace(data()),
    "data folder": () => checkFolder(dataDir),
    "state folder": () => checkFolder(paths.stateDir),
    files: () => checkFiles(files),
    log: () => checkLog(logPath, daemon instanceof Error ? undefined : daemon.pid),
    clock: () =>
      checkClock({
        now: Date.now(),
        daemon:
          daemon instanceof Error
            ? undefined
            : { startedAt: Date.parse(daemon.started_at), uptime: daemon.uptime_ms },
        newestFile: newest(files),
        diskSkew: stampSkewMs(data()),
      }),
    tokens: () => checkTokens(around.tokens),
    port: () => checkPort(around),
    resolution: () => checkNames(),
  };
}

function newest(paths: readonly string[]): number | undefined {
  const times = paths.flatMap((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

function printFinding({ check, state, says, id, why, fix }: Finding): void {
  const colour = ({ ok: "green", note: "cyan", warning: "yellow", problem: "red" } as const)[state];
  print(paint(colour, state.padEnd(7)), `  ${check.padEnd(13)} ${says}`);
  if (id === undefined) return;
  const indent = " ".repeat(23);
  print(`${indent}why: ${why} `, paint("dim", `[${id}]`));
  print(`${indent}fix: ${fix?.replaceAll("`", "")}`);
}
