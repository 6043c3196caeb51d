import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { resolvePaths } from "./config/paths.js";
import { processStart } from "./platform/process-identity.js";
import { Presence } from "./presence.js";

const announcement = (pid: number) => ({
  instance_id: "0190a000-0000-7000-8000-000000000001",
  pid,
  process_start: processStart(pid)!,
  version: "0.3.0",
  contract: "0.3.0",
  digest: "0123456789abcdef",
  started_at: "2026-11-21T09:30:00.000Z",
  socket_path: "/run/user/1000/parley/daemon.sock",
});

test("[daemon.discovery] another process cannot claim the state folder and learns who has it", () => {
  const home = mkdtempSync(join(tmpdir(), "parley-presence-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const paths = resolvePaths({ HOME: home });
  const claim = `
    import { Presence } from ${JSON.stringify(new URL("presence.ts", import.meta.url).href)};
    try {
      Presence.claim(${JSON.stringify(paths)}, ${JSON.stringify({ ...announcement(process.pid), instance_id: "other" })}).release();
      console.log("claimed");
    } catch (error) { console.log(error.name, error.message); }`;
  const other = (): string =>
    spawnSync(
      process.execPath,
      [
        "--import",
        fileURLToPath(new URL("../scripts/ts.mjs", import.meta.url)),
        "--input-type=module",
        "-e",
        claim,
      ],
      { encoding: "utf8" },
    ).stdout;
  const presence = Presence.claim(paths, announcement(process.pid));
  const written = readFileSync(paths.discoveryFile, "utf8");
  expect(JSON.parse(written)).toMatchObject({ state: "starting", pid: process.pid });
  expect(other()).toContain(
    `AlreadyRunningError a daemon of this user already runs: pid ${process.pid}, starting`,
  );
  expect(readFileSync(paths.discoveryFile, "utf8")).toBe(written);
  presence.serving("http://127.0.0.1:1", "/run/other.sock");
  expect(JSON.parse(readFileSync(paths.discoveryFile, "utf8"))).toMatchObject({
    state: "serving",
    socket_path: "/run/other.sock",
  });
  presence.stopping();
  expect(other()).toContain("stopping");
  presence.release();
  expect(existsSync(paths.discoveryFile)).toBe(false);
  expect(other()).toContain("claimed");
});
