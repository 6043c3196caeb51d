import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ConfigError } from "./config-error.js";
import { type Config, loadConfig, parseConfig } from "./load-config.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) {
    rmSync(folder, { recursive: true, force: true });
  }
});

function workspace(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), "parley-config-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const env = { HOME: join(folder, "home") };
  const load = (path?: string): Config =>
    loadConfig({ ...(path === undefined ? {} : { path }), cwd: join(folder, "work"), env });
  return { folder, load };
}

function messageOf(text: string): string {
  try {
    parseConfig(text, "parley.toml");
    return "ok";
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ConfigError);
    return (thrown as ConfigError).message;
  }
}

describe("which file is read", () => {
  const port = (value: number): string => `[server]\nport = ${value}\n`;

  test("[config.search] the named one, else the folder's, else the user's", () => {
    const { folder, load } = workspace({
      "named.toml": port(1),
      "work/parley.toml": port(2),
      "home/.config/parley/parley.toml": port(3),
    });
    expect(load("../named.toml")).toMatchObject({ path: join(folder, "named.toml"), server: { port: 1 } });
    expect(load()).toMatchObject({ path: join(folder, "work/parley.toml"), server: { port: 2 } });
    rmSync(join(folder, "work/parley.toml"));
    expect(load()).toMatchObject({
      path: join(folder, "home/.config/parley/parley.toml"),
      server: { port: 3 },
    });
  });

  test("[config.search] a named file that is missing is an error, no file at all is not", () => {
    const { folder, load } = workspace({});
    expect(() => load("gone.toml")).toThrow(
      `${join(folder, "work/gone.toml")}: this file, named by --config`,
    );
    const config = load();
    expect(config.path).toBeUndefined();
    expect(config.server).toEqual({
      host: "127.0.0.1",
      port: 7433,
      allowed_hosts: [],
      allowed_origins: [],
      open_metrics: false,
    });
    expect(config.comms.inbox_max).toBe(1024);
  });

  test("[config.defaults] a file's defaults are those of no file", () => {
    const { load, folder } = workspace({});
    const without = load();
    mkdirSync(join(folder, "work"), { recursive: true });
    writeFileSync(join(folder, "work/parley.toml"), "");
    const { path: _path, ...withFile } = load();
    expect(withFile).toEqual(without);
  });

  test("[config.paths] paths are relative to the file, or to the home folder", () => {
    const { folder, load } = workspace({
      "work/parley.toml":
        '[server]\nsocket = "run/d.sock"\n[store]\npath = "~/data/p.db"\n[log]\nfile = "d.log"\n',
    });
    const config = load();
    expect(config.server.socket).toBe(join(folder, "work/run/d.sock"));
    expect(config.store.path).toBe(join(folder, "home/data/p.db"));
    expect(config.log.file).toBe(join(folder, "work/d.log"));
  });

  test("[config.environment] variables locate folders and set nothing", () => {
    const config = loadConfig({
      cwd: "/nonexistent",
      env: { HOME: "/nonexistent", PARLEY_PORT: "1", PORT: "2" },
    });
    expect(config.server.port).toBe(7433);
  });
});

describe("what is wrong with a file", () => {
  test.each([
    ["broken TOML", '[server]\nport = "1\n', "parley.toml:2:10: this is not TOML: "],
    [
      "an unknown section",
      "[server]\n\n[sever]\nport = 1\n",
      "parley.toml:3:2: unknown section `sever`; did you mean `server`?",
    ],
    [
      "an unknown key that is nearly right",
      "[server]\nprot = 1\n",
      "parley.toml:2:1: unknown key `server.prot`; did you mean `port`?",
    ],
    [
      "an unknown key",
      "[store]\n  colour = 1\n",
      "parley.toml:2:3: unknown key `store.colour`; known here: engine, path",
    ],
    [
      "a wrong type",
      '[server]\nport = "7433"\n',
      'parley.toml:2:1: `server.port` must be a whole number from 0 to 65535, not "7433"',
    ],
    [
      "out of range",
      "server.port = 70000\n",
      "parley.toml:1:1: `server.port` must be a whole number from 0 to 65535, not 70000",
    ],
    [
      "a value of no choice",
      '[store]\nengine = "postgres"\n',
      'parley.toml:2:1: `store.engine` must be one of "sqlite", "memory", not "postgres"',
    ],
    [
      "a truth value in quotes",
      '[log]\nrequests = "yes"\n',
      'parley.toml:2:1: `log.requests` must be true or false, not "yes"',
    ],
    [
      "a list that is none",
      '[server]\nallowed_hosts = "a"\n',
      'parley.toml:2:1: `server.allowed_hosts` must be a list of at most 64 texts in quotes, not "a"',
    ],
    [
      "an item that is no origin",
      '[server]\nallowed_origins = ["parley.lan"]\n',
      "parley.toml:2:1: `server.allowed_origins.0` must be a text in quotes like ",
    ],
    ["a section that is none", "server = 1\n", "parley.toml:1:1: `server` must be a section, not 1"],
    [
      "the first of several",
      "[log]\nlevel = 1\n[server]\nport = true\n",
      "parley.toml:2:1: `log.level` must be one of",
    ],
  ])("[config.errors] %s", (_name, text, expected) => {
    expect(messageOf(text).slice(0, expected.length)).toBe(expected);
  });
});
