import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Discovery, DiscoveryFile, findDaemonProcess, readDiscovery } from "./discovery-file.js";
import { processStart } from "./process-identity.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-discovery-"));
  path = join(folder, "state", "daemon.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const content = (): Discovery => ({
  instance_id: "0190a000-0000-7000-8000-000000000001",
  pid: process.pid,
  process_start: processStart(process.pid)!,
  state: "starting",
  version: "0.3.0",
  contract: "0.3.0",
  digest: "0123456789abcdef",
  started_at: "2026-11-21T09:30:00.000Z",
  socket_path: "/run/user/1000/parley/daemon.sock",
});
const onDisk = (): unknown => JSON.parse(readFileSync(path, "utf8"));

test("[daemon.discovery] the file names the state, and an address only while the daemon serves", () => {
  const file = new DiscoveryFile(path, content());
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(onDisk()).toMatchObject({ state: "starting", pid: process.pid });
  file.update({ state: "serving", address: "http://127.0.0.1:7433" });
  expect(onDisk()).toMatchObject({ state: "serving", address: "http://127.0.0.1:7433" });
  expect(findDaemonProcess(path)).toEqual(onDisk());
  file.stopping();
  expect(onDisk()).toMatchObject({ state: "stopping", pid: process.pid });
  expect(onDisk()).not.toHaveProperty("address");
  file.remove();
  expect(readDiscovery(path)).toBeUndefined();
});

test("[daemon.discovery] a file that was removed or replaced is written again; a foreign one is not removed", () => {
  const file = new DiscoveryFile(path, content());
  expect(file.restore()).toBe(false);
  rmSync(join(folder, "state"), { recursive: true });
  expect(file.restore()).toBe(true);
  expect(onDisk()).toEqual(content());
  rmSync(path);
  writeFileSync(path, "{}", { mode: 0o600 });
  file.remove();
  expect(onDisk()).toEqual({});
  expect(file.restore()).toBe(true);
  expect(onDisk()).toEqual(content());
});

test("[daemon.identity] a file counts only with the process that wrote it and when no other user can write it", () => {
  new DiscoveryFile(path, content());
  expect(findDaemonProcess(path)?.pid).toBe(process.pid);
  chmodSync(path, 0o666);
  expect(readDiscovery(path)).toBeUndefined();
  for (const wrong of [
    { process_start: "another boot:1" },
    { pid: 2 ** 22 + 1 },
    { pid: "1" },
    { process_start: undefined },
  ]) {
    rmSync(path);
    writeFileSync(path, JSON.stringify({ ...content(), ...wrong }), { mode: 0o600 });
    expect(findDaemonProcess(path), JSON.stringify(wrong)).toBeUndefined();
  }
  writeFileSync(path, "no JSON");
  expect(readDiscovery(path)).toBeUndefined();
});
