import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolvePaths } from "./paths.js";

test("[config.xdg] without variables everything lies below the home folder", () => {
  expect(resolvePaths({ HOME: "/home/ann" })).toEqual({
    configDir: "/home/ann/.config/parley",
    stateDir: "/home/ann/.local/state/parley",
    dataDir: "/home/ann/.local/share/parley",
    discoveryFile: "/home/ann/.local/state/parley/daemon.json",
    socketPath: "/home/ann/.local/state/parley/daemon.sock",
    databaseFile: "/home/ann/.local/share/parley/parley.db",
  });
});

test("[config.xdg] variables move the folders; relative ones and unusable runtime folders do not count", () => {
  const runtime = mkdtempSync(join(tmpdir(), "parley-run-"));
  const env = { HOME: "/h", XDG_STATE_HOME: "/s", XDG_DATA_HOME: "relative", XDG_RUNTIME_DIR: runtime };
  expect(resolvePaths(env)).toMatchObject({
    stateDir: "/s/parley",
    dataDir: "/h/.local/share/parley",
    socketPath: join(runtime, "parley/daemon.sock"),
  });
  rmSync(runtime, { recursive: true });
  expect(resolvePaths(env).socketPath).toBe("/s/parley/daemon.sock");
});

test.runIf(process.getuid?.() === 0)("[config.xdg] a runtime folder of another user does not count", () => {
  const runtime = mkdtempSync(join(tmpdir(), "parley-run-"));
  chownSync(runtime, 65_534, 65_534);
  const paths = resolvePaths({ HOME: "/h", XDG_RUNTIME_DIR: runtime });
  rmSync(runtime, { recursive: true });
  expect(paths.socketPath).toBe("/h/.local/state/parley/daemon.sock");
});
