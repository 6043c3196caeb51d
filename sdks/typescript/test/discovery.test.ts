import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectHost } from "../src/runtime/node/address.js";
import { findDaemon, type Surroundings } from "../src/runtime/node/discovery.js";
import { readServerSection } from "../src/runtime/node/toml-address.js";

const found = { address: "http://127.0.0.1:7501", instance_id: "i", pid: 1 };

describe("[sdk.discovery] [field.discovery] the daemon is found", () => {
  test("by its discovery file: the socket first", () => {
    const place = surroundings();
    const socket = place.write("run/somewhere.sock", "");
    place.write("state/parley/daemon.json", JSON.stringify({ ...found, socket_path: socket }));
    expect(findDaemon(undefined, place)).toEqual({ socketPath: socket });
  });

  test("by its discovery file: the address where there is no socket, on Windows, and with a token", () => {
    const place = surroundings();
    const gone = join(place.root, "gone.sock");
    place.write("state/parley/daemon.json", JSON.stringify({ ...found, socket_path: gone }));
    expect(findDaemon(undefined, place)).toEqual({ url: new URL(found.address) });
    const socket = place.write("there.sock", "");
    place.write("state/parley/daemon.json", JSON.stringify({ ...found, socket_path: socket }));
    expect(findDaemon("token", place)).toEqual({ url: new URL(found.address) });
    expect(findDaemon(undefined, { ...place, platform: "win32" })).toEqual({ url: new URL(found.address) });
  });

  test.each(["", "{", "[]", '{"address": 5}', '{"address": "nonsense"}'])(
    "in its usual places when the discovery file is %j",
    (text) => {
      const place = surroundings();
      place.write("state/parley/daemon.json", text);
      expect(findDaemon(undefined, place)).toEqual({ url: new URL("http://127.0.0.1:7433") });
      const socket = place.write("run/parley/daemon.sock", "");
      expect(findDaemon(undefined, place)).toEqual({ socketPath: socket });
    },
  );

  test("by parley.toml, the nearest one", () => {
    const place = surroundings();
    place.write("config/parley/parley.toml", "[server]\nport = 1\n");
    expect(findDaemon(undefined, place)).toEqual({ url: new URL("http://127.0.0.1:1") });
    place.write("cwd/parley.toml", '[server]\nhost = "::"\nport = 7_600 # mine\n');
    expect(findDaemon(undefined, place)).toEqual({ url: new URL("http://127.0.0.1:7600") });
    const socket = place.write("my.sock", "");
    place.write("cwd/parley.toml", `[server]\nsocket = '${socket}'\n`);
    expect(findDaemon(undefined, place)).toEqual({ socketPath: socket });
  });

  test.each([
    ["", {}],
    ['[other]\nhost = "a"\n', {}],
    ['[ server ]\r\nhost="h\\\\x"\r\nport=12\r\n[log]\r\nport=3', { host: "h\\x", port: 12 }],
    ["[server]\nhost = 5\nport = 'x'\nsocket = \"\"\n", { socket: "" }],
    ["[server]\nport = 0\n", {}],
    ["[server]\nport = 99999\n", {}],
    ['[[endpoints]]\nport = 4\n[server]\n# port = 1\nhost = "::1"', { host: "::1" }],
  ])("%j says %j", (toml, section) => {
    expect(readServerSection(toml)).toEqual(section);
  });

  test.each([
    ["web.localhost", "127.0.0.1"],
    ["localhost", "127.0.0.1"],
    ["notlocalhost", "notlocalhost"],
    ["localhost.example", "localhost.example"],
    ["[::1]", "::1"],
  ])("%s is reached at %s", (name, host) => {
    expect(connectHost(name)).toBe(host);
  });
});

function surroundings(): Surroundings & { root: string; write(path: string, text: string): string } {
  const root = mkdtempSync(join(tmpdir(), "parley-sdk-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return {
    root,
    platform: "linux",
    home: root,
    cwd: join(root, "cwd"),
    env: {
      XDG_STATE_HOME: join(root, "state"),
      XDG_CONFIG_HOME: join(root, "config"),
      XDG_RUNTIME_DIR: join(root, "run"),
    },
    write: (path, text) => {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
  };
}
