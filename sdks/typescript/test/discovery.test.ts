import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createClient } from "../src/index.js";
import { connectHost } from "../src/runtime/node/address.js";
import { lookForDaemon, type Surroundings } from "../src/runtime/node/discovery.js";
import { noDaemonMessage } from "../src/runtime/node/no-daemon.js";
import { NodeSource } from "../src/runtime/node/node-source.js";
import { strangerOnPort } from "../src/runtime/node/port-owner.js";
import { cases, needsRoot, Scene } from "./_discovery-cases.js";

const uid = process.geteuid?.() ?? 0;

describe("[sdk.discovery] [field.discovery] [trust.socket-only] [trust.clients-no-config] the daemon is found", () => {
  const possible = cases.filter(({ needs }) => needs === undefined || needs === process.platform);
  test.each(possible.filter((one) => uid === 0 || !needsRoot(one)))("$name", async (one) => {
    await using scene = await Scene.of(one);
    const seen = lookForDaemon({ env: scene.env(one.env), home: scene.root, uid });
    const { socket, starting, message } = one.expect;
    expect(seen.sockets[0]).toBe(socket === undefined ? undefined : join(scene.root, socket));
    expect(seen.startingPid).toBe(starting === undefined ? undefined : process.pid);
    if (message === undefined) return;
    const stranger = (port: number): number | undefined => one.strangers?.[port];
    const listedHome = (): string => join(scene.root, "listed");
    expect(noDaemonMessage(seen, uid, stranger, listedHome)).toBe(scene.fill(message));
  });

  test.skipIf(uid === 0)("cases with files of another user need root", ({ skip }) =>
    skip(`${possible.filter(needsRoot).length} cases`),
  );

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

describe("[trust.start-wait] a daemon that starts", () => {
  const mark = {
    file: "state/parley/starting.json",
    mode: "0600",
    json: { state: "starting", pid: "<live>" },
  };

  test("is waited for until its socket answers", async () => {
    await using scene = await Scene.of({ tree: [mark] });
    const time = new Time(scene, async (looks) => {
      if (looks === 3) await scene.add({ socket: "state/parley/daemon.sock", mode: "0600" });
    });
    const source = new NodeSource({}, time);
    expect((await source.get()).address).toBe(`unix:${join(scene.root, "state/parley/daemon.sock")}`);
    expect(time.looks).toBe(3);
  });

  test("is waited for 30 s at most, and not again by each repeat of the call", async () => {
    await using scene = await Scene.of({ tree: [mark] });
    const time = new Time(scene);
    const source = new NodeSource({}, time);
    const late = { code: "daemon_unreachable", message: expect.stringContaining(`(pid ${process.pid})`) };
    await expect(source.get()).rejects.toMatchObject(late);
    expect(time.now()).toBe(30_000);
    await expect(source.get()).rejects.toMatchObject(late);
    expect(time.now()).toBe(30_000);
  });

  test("is waited for while the daemon before it stops, although that one's socket still answers", async () => {
    const ending = { state: "stopping", pid: "<live>", socket_path: "{root}/own/d.sock" };
    await using scene = await Scene.of({
      tree: [
        mark,
        { file: "state/parley/daemon.json", mode: "0600", json: ending },
        { socket: "own/d.sock", mode: "0600" },
      ],
    });
    const time = new Time(scene, async (looks) => {
      const next = { ...ending, state: "serving" };
      if (looks === 2) await scene.add({ file: "state/parley/daemon.json", mode: "0600", json: next });
    });
    expect((await new NodeSource({}, time).get()).address).toBe(`unix:${join(scene.root, "own/d.sock")}`);
    expect(time.looks).toBe(2);
  });

  test("that gives up is not waited for any longer", async () => {
    await using scene = await Scene.of({ tree: [mark] });
    const time = new Time(scene, async (looks) => {
      if (looks === 2) await scene.add({ file: "state/parley/starting.json", mode: "0600", text: "" });
    });
    await expect(new NodeSource({}, time).get()).rejects.toThrow("No daemon of yours is running.");
    expect(time.looks).toBe(2);
  });
});

test("[daemon.typed-failures] a user without a usable home receives an error of its own", () => {
  expect(() => lookForDaemon({ env: {}, home: undefined, uid })).toThrow("set HOME to one");
  expect(() => lookForDaemon({ env: {}, home: "here", uid })).toThrow("set it to your home folder");
  expect(lookForDaemon({ env: { XDG_STATE_HOME: "/none" }, home: undefined, uid }).sockets).toEqual([]);
});

test("[trust.no-unix-sockets] without unix sockets an explicit address is asked for", async () => {
  await using scene = await Scene.of({ tree: [] });
  const source = new NodeSource({ token: "t" }, { ...new Time(scene).surroundings, uid: undefined });
  await expect(source.get()).rejects.toMatchObject({
    code: "invalid_request",
    retryable: false,
    message: expect.stringMatching(/no unix sockets.*pass `baseUrl` and `token`/),
  });
  await expect(new NodeSource({ baseUrl: "http://127.0.0.1:1" }).get()).resolves.toBeDefined();
});

test("[trust.advice] two addresses are refused", () => {
  expect(() => createClient({ baseUrl: "http://127.0.0.1:1", socketPath: "/a.sock" })).toThrow(
    "Pass `baseUrl` or `socketPath`, not both.",
  );
});

test("[trust.foreign-port] the owner of a port is looked up once, as the port may change hands meanwhile", async () => {
  await using scene = await Scene.of({ tree: [] });
  const answers = [65_534];
  const seen = lookForDaemon({ env: scene.env(), home: scene.root, uid });
  expect(noDaemonMessage(seen, uid, () => answers.pop())).toContain("Port 7433 belongs to user 65534:");
});

test.each(["127.0.0.1:7433", "ftp://a", "nonsense", "http://"])(
  "[trust.advice] %s is refused as an address, with an example",
  (baseUrl) => {
    expect(() => createClient({ baseUrl })).toThrow(
      `baseUrl "${baseUrl}" is not an http or https address; write for example http://127.0.0.1:7433`,
    );
  },
);

test("[trust.foreign-port] another user who listens on a port is found in the kernel's tables", () => {
  const head =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const row = (local: string, state: string, owner: number): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 ${owner} 0 12345 1 0 100 0 0 10 0\n`;
  const tables: Record<string, string> = {
    "/proc/net/tcp": head + row("0100007F:1D09", "0A", uid) + row("0100007F:1D0A", "0A", uid + 7),
    "/proc/net/tcp6":
      head + row("00000000000000000000000000000000:1D0B", "0A", uid + 8) + row("0:1D0C", "01", uid + 9),
  };
  const read = (path: string): string => tables[path] ?? "";
  expect([7433, 7434, 7435, 7436].map((port) => strangerOnPort(port, uid, read))).toEqual([
    undefined,
    uid + 7,
    uid + 8,
    undefined,
  ]);
  expect(strangerOnPort(7434, uid, () => "")).toBeUndefined();
});

/** Surroundings of a scene whose time passes only while a client waits. */
class Time implements Surroundings {
  readonly env: Record<string, string>;
  readonly home: string;
  readonly uid = uid;
  looks = 0;
  #ms = 0;
  readonly #onPause: (looks: number) => Promise<unknown> | undefined;

  constructor(scene: Scene, onPause: (looks: number) => Promise<unknown> | undefined = () => undefined) {
    this.env = scene.env();
    this.home = scene.root;
    this.#onPause = onPause;
  }

  get surroundings(): Surroundings {
    return { env: this.env, home: this.home, uid, now: this.now, pause: this.pause };
  }

  now = (): number => this.#ms;

  pause = async (ms: number): Promise<void> => {
    this.#ms += ms;
    this.looks += 1;
    await this.#onPause(this.looks);
  };
}
