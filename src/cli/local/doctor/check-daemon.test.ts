import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { ParleyError } from "../../../../sdks/typescript/src/index.js";
import { resolvePaths } from "../../../config/paths.js";
import { processStart } from "../../../platform/process-identity.js";
import { checkDaemon } from "./check-daemon.js";
import type { Result } from "./finding.js";

const unreachable = new ParleyError({ code: "daemon_unreachable", message: "as the call reports it" });
const live = { pid: process.pid, process_start: processStart(process.pid), state: "serving" };

/** The user's folders, which the environment of this process names during a test. */
function home(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley doctor-"));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  vi.stubEnv("HOME", folder);
  vi.stubEnv("XDG_STATE_HOME", join(folder, "state"));
  vi.stubEnv("XDG_RUNTIME_DIR", join(folder, "run"));
  return folder;
}

function write(path: string, content: object, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify(content), { mode });
  chmodSync(path, mode);
}

/** Id and fix of each finding about a daemon that does not answer. */
function findings(): [string | undefined, string | undefined][] {
  const paths = resolvePaths(process.env);
  const around = { daemon: unreachable, paths, logPath: join(paths.stateDir, "daemon.log") };
  return checkDaemon(around).map(({ id, fix }: Result) => [id, fix]);
}

test("[trust.advice] without a daemon a start is advised", () => {
  const folder = home();
  const log = `'${join(folder, "state/parley/daemon.log")}'`;
  expect(findings()).toEqual([["daemon-down", `\`parley up --detach\`; why one ended is in \`${log}\``]]);
});

test("[trust.advice] where a start would fail, what the call's message names is advised", () => {
  writeFileSync(join(home(), "state"), "", { mode: 0o600 });
  expect(findings()).toEqual([["path-unusable", expect.stringContaining("what the message names")]]);
});

test("[trust.advice] about a daemon that runs no start is advised", async () => {
  const folder = home();
  const socketPath = join(folder, "run/parley/daemon.sock");
  write(join(folder, "state/parley/daemon.json"), { ...live, socket_path: socketPath });
  expect(findings()).toEqual([["daemon-silent", expect.stringContaining("`parley stop`")]]);
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  const server = createServer().listen(socketPath);
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  chmodSync(socketPath, 0o666);
  expect(findings()).toEqual([["place-refused", `\`chmod 600 '${socketPath}'\``]]);
});

test("[trust.start-wait] a start is named as soon as the command that makes it has marked it", () => {
  const folder = home();
  write(join(folder, "state/parley/starting.json"), live);
  expect(findings()).toEqual([["daemon-starting", expect.stringContaining("`parley doctor` again")]]);
});
