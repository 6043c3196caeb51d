import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { parley, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { uncappedLines } from "../support/uncapped.js";

interface Receipt {
  deduplicated: boolean;
}

async function send(daemon: TestDaemon, n: number): Promise<Receipt> {
  const { status, body } = await localCall(daemon.socketPath, "POST", "/comms/send", {
    kind: "peer_message",
    to: "bob",
    body: `message ${n} ${"x".repeat(500)}`,
    options: { idempotency_key: `key-${n}` },
  });
  expect(status).toBe(200);
  return body as Receipt;
}

function damageOf(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare("PRAGMA integrity_check").get()?.integrity_check;
  } finally {
    database.close();
  }
}

const openBob = (daemon: TestDaemon): Promise<unknown> =>
  localCall(daemon.socketPath, "POST", "/sessions", { name: "bob" });

test("[backup.round-trip] a backup taken under load restores everything acknowledged before it, tokens and sequences", async () => {
  await using daemon = await startDaemon({ config: `[comms]\n${uncappedLines}inbox_max = 100000` });
  await openBob(daemon);
  let sent = 0;
  while (sent < 300) await Promise.all(Array.from({ length: 20 }, () => send(daemon, sent++)));
  const before = sent;
  let running = true;
  const load = Array.from({ length: 4 }, async () => {
    while (running) await send(daemon, sent++);
  });
  const file = join(daemon.folder, "backup.db");
  const backup = await parley(daemon.env, ["backup", file, "--json"]);
  running = false;
  await Promise.all(load);
  expect([backup.code, backup.stderr]).toEqual([0, ""]);
  expect(JSON.parse(backup.stdout)).toMatchObject({ path: file, bytes: statSync(file).size });
  expect(sent).toBeGreaterThan(before);

  const refused = await parley(daemon.env, ["restore", file]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("parley stop");
  await daemon.stop();
  const config = ["--config", join(daemon.folder, "parley.toml")];
  const restored = await parley(daemon.env, ["restore", file, ...config, "--json"]);
  expect([restored.code, restored.stderr]).toEqual([0, ""]);
  expect(statSync(JSON.parse(restored.stdout).kept).size).toBeGreaterThan(0);
  await daemon.restart();

  // The same key finds the first receipt: it was in the backup.
  for (let n = 0; n < before; n++) expect([n, (await send(daemon, n)).deduplicated]).toEqual([n, true]);
  const one = await localCall(daemon.socketPath, "GET", "/sessions/bob");
  const { unread } = (one.body as { session: { unread: number } }).session;
  expect(unread).toBeGreaterThanOrEqual(before);
  expect((await send(daemon, sent)).deduplicated).toBe(false);
  const again = await localCall(daemon.socketPath, "GET", "/sessions/bob");
  expect((again.body as { session: { unread: number } }).session.unread).toBe(unread + 1);
  const { status } = await fetch(`${daemon.address}/comms/peers`, {
    headers: { authorization: `Bearer ${daemon.token}` },
  });
  expect(status).toBe(200);
});

test("[backup.kill9] kill -9 while a backup is written leaves nothing under its name, and the next one cleans up", async () => {
  await using daemon = await startDaemon({ config: `[comms]\n${uncappedLines}inbox_max = 100000` });
  await openBob(daemon);
  for (let sent = 0; sent < 2_000; )
    await Promise.all(Array.from({ length: 50 }, () => send(daemon, sent++)));
  const folder = join(daemon.folder, "backups");
  mkdirSync(folder);
  const file = join(folder, "parley.db");
  // A kill that comes too late finds a whole file; one of these comes in time.
  for (let cutOff = false; !cutOff; ) {
    const watcher = watch(folder);
    const drafted = once(watcher, "change");
    const running = startParley(daemon.env, ["backup", "--force", file]);
    await drafted;
    running.child.kill("SIGKILL");
    await once(running.child, "exit");
    watcher.close();
    if (existsSync(file)) expect(damageOf(file)).toBe("ok");
    cutOff = readdirSync(folder).some((name) => name.endsWith(".partial"));
  }
  rmSync(file, { force: true });
  expect((await parley(daemon.env, ["backup", file])).code).toBe(0);
  expect(readdirSync(folder)).toEqual([basename(file)]);
});

test("[backup.mistakes] what cannot be backed up or restored says what to do", async () => {
  await using daemon = await startDaemon({ config: '[store]\nengine = "memory"' });
  const file = join(daemon.folder, "backup.db");
  const memory = await parley(daemon.env, ["backup", file]);
  expect([memory.code, existsSync(file)]).toEqual([2, false]);
  expect(memory.stderr).toContain('"memory"');
  await daemon.stop();
  // Without the config the store would be on disk, where none was made yet.
  const none = await parley(daemon.env, ["backup", file]);
  expect([none.code, existsSync(file)]).toEqual([1, false]);
  expect(none.stderr).toMatch(/parley\.db does not exist.*\[storage_unavailable\]/);
  writeFileSync(file, "no database, whoever wrote it ".repeat(300));
  const wrong = await parley(daemon.env, ["restore", file, "--json"]);
  expect([wrong.code, JSON.parse(wrong.stdout).code]).toEqual([1, "storage_unavailable"]);
  const taken = await parley(daemon.env, ["backup", file]);
  expect(taken.code).toBe(2);
  expect(taken.stderr).toContain("--force");
  expect(readFileSync(file, "utf8")).toContain("whoever wrote it");
});
