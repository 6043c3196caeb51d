import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient } from "../../sdks/typescript/src/index.js";
import { DecoyHome } from "../support/decoy-home.js";

describe("[quality.test-places] a test reaches neither the user's folders nor the default port", () => {
  let decoy: DecoyHome;
  beforeEach(async () => {
    decoy = new DecoyHome();
    await decoy.open();
    for (const [name, value] of Object.entries(decoy.env)) vi.stubEnv(name, value);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    decoy.close();
  });

  test("a process that connects to the default port fails and is reported", async () => {
    const child = spawn(process.execPath, ["-e", 'fetch("http://localhost:7433/")'], { stdio: "ignore" });
    expect(await once(child, "exit")).toEqual([1, null]);
    expect(decoy.trespasses()).toEqual([expect.stringContaining("connects to the default port 7433")]);
  });

  test("a listener on the default port is refused and reported", () => {
    const server = createServer();
    expect(() => server.listen({ port: 7433, host: "127.0.0.1" })).toThrow("tests use port 0");
    expect(() => server.listen(7433)).toThrow("tests use port 0");
    expect(decoy.trespasses()).toHaveLength(2);
  });

  test("a process that would find the user's home is not started", () => {
    const { homedir } = userInfo();
    for (const env of [{ PATH: process.env.PATH }, { ...process.env, HOME: homedir }]) {
      expect(() => spawn("true", { env })).toThrow("a folder of the test");
      expect(() => spawnSync("true", { env })).toThrow("a folder of the test");
      expect(() => execFileSync("true", [], { env })).toThrow("a folder of the test");
    }
    expect(decoy.trespasses()).toHaveLength(6);
  });

  test("a client without an address meets the decoy and is reported", async () => {
    await using client = createClient();
    await expect(client.system.status({ retries: 0 })).rejects.toThrow();
    expect(decoy.trespasses()).toEqual([expect.stringContaining("the socket of the user's daemon")]);
  });

  test("a file in a folder of Parley is reported", () => {
    mkdirSync(join(decoy.env.XDG_DATA_HOME!, "parley"), { recursive: true });
    expect(decoy.trespasses()).toEqual([]);
    mkdirSync(join(decoy.env.XDG_DATA_HOME!, "parley/parley.db"));
    expect(decoy.trespasses()).toEqual([`a process wrote ~/${join(".local/share/parley/parley.db")}`]);
  });
});
