import { once } from "node:events";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer as createHttpServer, request } from "node:http";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { systemClock } from "../../kernel/clock.js";
import type { Logger } from "../../kernel/logger.js";
import { watchPath } from "../../platform/watch-path.js";
import { AlreadyRunningError, UnixListener, type UnixListenerOptions } from "./unix-listener.js";

interface World {
  listener: UnixListener;
  path: string;
  created: string[];
  logged: string[];
}

async function open(options: Partial<UnixListenerOptions> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "parley-unix-"));
  const path = join(folder, "run", "d.sock");
  const [created, logged]: [string[], string[]] = [[], []];
  const write = (_fields: object, text: string): void => void logged.push(text);
  const log: Logger = { debug() {}, info: write, warn: write, error: write };
  const listener = await UnixListener.open({
    places: [place(path)],
    createServer: () =>
      createHttpServer((asked, answer) => void asked.resume().on("end", () => answer.end("ours"))),
    watchPath,
    clock: new SimulatedClock(),
    log,
    onCreated: (at) => void created.push(at),
    ...options,
  });
  onTestFinished(() => {
    listener.close();
    for (const server of listener.servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { listener, path, created, logged };
}

function place(path: string): () => string {
  return () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return path;
  };
}

function ask(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
}

async function listening(path: string): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined).end());
  await once(server.listen(path), "listening");
  onTestFinished(() => void server.close());
  return server;
}

test.each<[string, (path: string) => void]>([
  ["removed", (path) => rmSync(path)],
  ["removed with its folder", (path) => rmSync(dirname(path), { recursive: true })],
  ["moved away", (path) => renameSync(path, join(mkdtempSync(`${path}-`), "d.sock"))],
  ["moved away with its folder", (path) => renameSync(dirname(path), mkdtempSync(`${dirname(path)}-`))],
])("[daemon.socket-kept] a socket whose file was %s is created again, private", async (_what, change) => {
  const { listener, path, created } = await open();
  await listener.check();
  expect(created).toEqual([]);
  change(path);
  await listener.check();
  expect(created).toEqual([path]);
  expect(await ask(path)).toBe("ours");
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(path)).filter((name) => name.startsWith("."))).toEqual([]);
  // Again, because the first repair must leave everything as it was.
  change(path);
  await listener.check();
  expect(created).toEqual([path, path]);
  expect(await ask(path)).toBe("ours");
});

test("[daemon.socket-kept] a socket that was opened to other users is closed to them again", async () => {
  const { listener, path, created } = await open();
  chmodSync(path, 0o666);
  await listener.check();
  expect([lstatSync(path).mode & 0o777, created]).toEqual([0o600, []]);
});

test("[daemon.socket-kept] the system reports a removed file: no look is needed", async () => {
  const clock = new SimulatedClock();
  const { path, created } = await open({ clock });
  for (const remove of [() => rmSync(path), () => rmSync(dirname(path), { recursive: true })]) {
    const before = created.length;
    remove();
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(10_000);
    await expect.poll(() => created.length).toBe(before + 1);
    expect(await ask(path)).toBe("ours");
  }
});

test("[daemon.socket-kept] a connection that was open before the file went is served on", async () => {
  const started = Promise.withResolvers<void>();
  const { listener, path } = await open({
    createServer: () =>
      createHttpServer((asked, answer) => {
        asked.resume().on("end", () => answer.end("whole"));
        started.resolve();
      }),
  });
  const asked = request({ socketPath: path, method: "POST", agent: false });
  const answered = once(asked, "response");
  asked.write("half");
  await started.promise;
  rmSync(path);
  await listener.check();
  asked.end("half");
  const [response] = await answered;
  expect((await response.setEncoding("utf8").toArray()).join("")).toBe("whole");
  expect(listener.servers).toHaveLength(1);
});

test("[daemon.socket-kept] what another process put at the path is neither replaced nor removed", async () => {
  for (const occupy of [listening, async (path: string) => writeFileSync(path, "notes")]) {
    const other = join(mkdtempSync(join(tmpdir(), "parley-unix-")), "d.sock");
    onTestFinished(() => rmSync(dirname(other), { recursive: true, force: true }));
    const folder = mkdtempSync(join(tmpdir(), "parley-unix-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "d.sock");
    const { listener, created } = await open({ places: [place(path), place(other)] });
    rmSync(path);
    await occupy(path);
    await listener.check();
    expect(created).toEqual([other]);
    expect(listener.path).toBe(other);
    expect(await ask(other)).toBe("ours");
    const { ino } = lstatSync(path);
    listener.close();
    for (const server of listener.servers) await new Promise((resolve) => server.close(resolve));
    expect(lstatSync(path).ino).toBe(ino);
    expect(readdirSync(dirname(other))).toEqual([]);
  }
});

test("[daemon.socket-kept] a repair that fails is reported once and tried at each look", async () => {
  let isBroken = false;
  const { path } = { path: join(mkdtempSync(join(tmpdir(), "parley-unix-")), "d.sock") };
  onTestFinished(() => rmSync(dirname(path), { recursive: true, force: true }));
  const { listener, created, logged } = await open({
    places: [
      () => {
        if (isBroken) throw new Error("the disk is gone");
        return path;
      },
    ],
  });
  rmSync(path);
  isBroken = true;
  await listener.check();
  await listener.check();
  expect([created, logged]).toEqual([[], [expect.stringContaining("cannot be created")]]);
  isBroken = false;
  await listener.check();
  expect(created).toEqual([path]);
  expect(await ask(path)).toBe("ours");
});

test("[daemon.socket-elsewhere] the next place serves when the first fails; a daemon that answers ends the start", async () => {
  const unusable = (): string => {
    throw new Error("too long");
  };
  const folder = mkdtempSync(join(tmpdir(), "parley-unix-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "d.sock");
  const { listener, logged } = await open({ places: [unusable, place(path)], clock: systemClock });
  expect(listener.path).toBe(path);
  expect(logged).toEqual(["The socket lies at another path than wanted."]);
  await expect(open({ places: [place(path), place(join(folder, "other.sock"))] })).rejects.toThrow(
    AlreadyRunningError,
  );
  await expect(open({ places: [unusable, unusable] })).rejects.toThrow(
    "No unix socket can be opened: too long; too long. Set `socket` in [server] to a path that works.",
  );
});
