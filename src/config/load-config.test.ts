import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ConfigError } from "./config-error.js";
import { readOwnFile } from "./config-file.js";
import { type Config, type ConfigSource, loadConfig, parseConfig, unreadFiles } from "./load-config.js";

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
  const source = (path?: string): ConfigSource => ({
    ...(path === undefined ? {} : { path }),
    cwd: join(folder, "work"),
    env: { HOME: join(folder, "home") },
    systemDir: join(folder, "etc"),
  });
  return {
    folder,
    load: (path?: string): Config => loadConfig(source(path)),
    unread: (path?: string): string[] => unreadFiles(source(path)),
  };
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

  test("[config.search] [trust.config-search] the named one, else the user's, else the machine's, parley before labman", () => {
    const { folder, load } = workspace({
      "named.toml": port(1),
      "home/.config/parley/parley.toml": port(2),
      "etc/parley/parley.toml": port(3),
      "etc/labman/labman.toml": port(4),
    });
    expect(load("../named.toml")).toMatchObject({ path: join(folder, "named.toml"), server: { port: 1 } });
    for (const [at, path] of [
      [2, "home/.config/parley/parley.toml"],
      [3, "etc/parley/parley.toml"],
      [4, "etc/labman/labman.toml"],
    ] as const) {
      expect(load()).toMatchObject({ path: join(folder, path), server: { port: at } });
      rmSync(join(folder, path));
    }
    expect(load().path).toBeUndefined();
  });

  test("[trust.config-search] a file of the working directory is read only when --config names it, and is listed until then", () => {
    const files = { "work/parley.toml": port(5), "work/labman.toml": "[server\n" };
    const { load, unread } = workspace(files);
    expect(load()).toMatchObject({ server: { port: 7433 } });
    expect(unread()).toEqual(["./parley.toml", "./labman.toml"]);
    expect(load("parley.toml").server.port).toBe(5);
    expect(unread("parley.toml")).toEqual(["./labman.toml"]);
    expect(unread("../etc/none.toml")).toEqual(["./parley.toml", "./labman.toml"]);
  });

  test("[trust.config-search] in the user's config folder the file there is the user's and is not listed", () => {
    const { folder, load, unread } = workspace({ "home/.config/parley/parley.toml": port(6) });
    symlinkSync(join(folder, "home/.config/parley"), join(folder, "work"));
    expect(load().server.port).toBe(6);
    expect(unread()).toEqual([]);
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
    writeFileSync(join(folder, "empty.toml"), "");
    const { path: _path, ...withFile } = load("../empty.toml");
    expect(withFile).toEqual(without);
  });

  test("[config.paths] paths are relative to the file, or to the home folder", () => {
    const { folder, load } = workspace({
      "work/parley.toml":
        '[server]\nsocket = "run/d.sock"\n[store]\npath = "~/data/p.db"\n[log]\nfile = "d.log"\n',
    });
    const config = load("parley.toml");
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

describe("[trust.config-owner] whose file it is", () => {
  const refusal = (read: () => unknown): string => {
    try {
      return `read: ${JSON.stringify(read())}`;
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ConfigError);
      return (thrown as ConfigError).message;
    }
  };

  test.each([0o620, 0o602, 0o666])(
    "a file of mode %o, which other users can write to, is refused",
    (mode) => {
      const { folder, load } = workspace({ "home/.config/parley/parley.toml": "" });
      const path = join(folder, "home/.config/parley/parley.toml");
      chmodSync(path, mode);
      const expected = `${path}: other users can write to this file (mode 0${mode.toString(8)}); type \`chmod go-w ${path}\``;
      expect(refusal(() => load())).toBe(expected);
      expect(refusal(() => load(path))).toBe(expected);
      chmodSync(path, 0o644);
      expect(load().path).toBe(path);
    },
  );

  test("the command that is named holds the path as a shell reads it", () => {
    const { folder, load } = workspace({ "it's here/parley.toml": "" });
    chmodSync(join(folder, "it's here/parley.toml"), 0o666);
    expect(refusal(() => load("../it's here/parley.toml"))).toContain(
      `type \`chmod go-w '${folder}/it'"'"'s here/parley.toml'\``,
    );
  });

  test("owner and mode are those of the file that a symbolic link names", () => {
    const { folder, load } = workspace({ "dotfiles/parley.toml": "" });
    symlinkSync(join(folder, "dotfiles/parley.toml"), join(folder, "link.toml"));
    expect(load("../link.toml").path).toBe(join(folder, "link.toml"));
    chmodSync(join(folder, "dotfiles/parley.toml"), 0o666);
    expect(refusal(() => load("../link.toml"))).toContain("link.toml: other users can write to this file");
  });

  test.skipIf(process.getuid?.() === 0)("a file of another user is refused", () => {
    const { folder } = workspace({ "parley.toml": "" });
    const uid = process.getuid!() + 1;
    expect(refusal(() => readOwnFile(join(folder, "parley.toml"), uid))).toContain(
      `parley.toml: this file belongs to user ${process.getuid!()}, and a config file must belong to you (user ${uid}) or to root`,
    );
  });

  test.runIf(process.getuid?.() === 0)(
    "a file of another user is refused; one of root is read by all",
    () => {
      const { folder, load } = workspace({ "etc/parley/parley.toml": "" });
      const path = join(folder, "etc/parley/parley.toml");
      expect(readOwnFile(path, 65_534)).toBe("");
      chownSync(path, 65_534, 65_534);
      expect(readOwnFile(path, 65_534)).toBe("");
      for (const read of [() => load(), () => load("../etc/parley/parley.toml")])
        expect(refusal(read)).toBe(
          `${path}: this file belongs to user 65534, and a config file must belong to you (user 0) or to root; ` +
            "copy it to a file of your own and name that one: `parley up --config <copy>`",
        );
    },
  );
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
