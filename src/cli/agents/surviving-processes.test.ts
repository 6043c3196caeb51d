import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { rowsOfPs, startOf, survivingProcesses } from "./surviving-processes.js";

interface Started {
  child: ChildProcess;
  marker: string;
  /** What the script printed. */
  pids: number[];
}

/** Starts a shell as the leader of a session; it prints pids, a line each, and reads until the test ends. */
async function start(script: string): Promise<Started> {
  const marker = `MARK=${randomUUID()}`;
  const env = { ...process.env, MARK: marker.slice("MARK=".length) };
  const child = spawn("sh", ["-c", `${script}; echo; read end`], {
    detached: true,
    env,
    stdio: ["pipe", "pipe", "ignore"],
  });
  let text = "";
  for await (const piece of child.stdout!.setEncoding("utf8")) {
    text += piece;
    if (text.endsWith("\n\n")) break;
  }
  const pids = text.trim().split(/\s+/).map(Number);
  onTestFinished(async () => {
    for (const pid of pids) process.kill(pid, "SIGKILL");
    const ended = once(child, "exit");
    child.stdin!.end("\n");
    await ended;
  });
  return { child, marker, pids };
}

const leaves = "sleep 50 >&- & echo $!; setsid sleep 51 >&- & echo $!";

test("[cli.exec-survivors] processes of the group, and of other sessions by their environment", async () => {
  const { child, marker, pids } = await start(leaves);
  const leader = child.pid!;
  const find = () => survivingProcesses({ leader, marker, startedAt: startOf(leader) });
  expect((await find()).map(({ pid }) => pid).toSorted()).toEqual([leader, ...pids].toSorted());
  await vi.waitFor(async () =>
    expect(await find()).toContainEqual(expect.objectContaining({ pid: pids[1], command: "sleep 51" })),
  );
});

test("[cli.exec-survivors] the child of one that was found is found without environment and session", async () => {
  const { child, marker, pids } = await start("env -i setsid sleep 52 >&- & echo $!");
  const leader = child.pid!;
  const found = await survivingProcesses({ leader, marker, startedAt: startOf(leader) });
  expect(found.map(({ pid }) => pid)).toContain(pids[0]);
});

test("[cli.exec-survivors] nothing that started before the command, and not this process, belongs to it", async () => {
  const { child, marker } = await start("sleep 53 >&- & echo $!");
  const leader = child.pid!;
  expect(await survivingProcesses({ leader, marker, startedAt: startOf(leader) + 1e9 })).toEqual([]);
  const own = await survivingProcesses({ leader: process.pid, marker, startedAt: 0 });
  expect(own.map(({ pid }) => pid)).not.toContain(process.pid);
});

test("[cli.exec-survivors] ps finds the same marks where there is no /proc", async () => {
  const { child, marker, pids } = await start(leaves);
  const rows = await rowsOfPs({ marker });
  const marked = rows.filter((row) => row.marked).map(({ pid }) => pid);
  expect(marked).toEqual(expect.arrayContaining([child.pid, ...pids]));
  expect(rows.find(({ pid }) => pid === pids[0])).toMatchObject({ group: child.pid, zombie: false });
});
