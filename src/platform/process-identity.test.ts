import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { isRunning, processStart } from "./process-identity.js";

function idle(): ChildProcess {
  return spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
}

test("[daemon.identity] systems without /proc name the start in words of ps", async () => {
  const child = idle();
  await once(child, "spawn");
  const start = processStart(child.pid!, "darwin");
  expect(start).toMatch(/^\w{3} \w{3} \d+ \d\d:\d\d:\d\d \d{4}$/);
  expect(processStart(child.pid!, "darwin")).toBe(start);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(processStart(child.pid!, "darwin")).toBeUndefined();
});

test("[daemon.identity] a process is itself while it runs, and no other process is", async () => {
  const [first, second] = [idle(), idle()];
  await Promise.all([once(first, "spawn"), once(second, "spawn")]);
  const identity = { pid: first.pid!, process_start: processStart(first.pid!)! };
  expect(identity.process_start).toBe(processStart(first.pid!));
  expect(isRunning(identity)).toBe(true);
  // As when the number was given to a later process.
  expect(isRunning({ ...identity, process_start: `${identity.process_start}0` })).toBe(false);
  first.kill("SIGKILL");
  await once(first, "exit");
  expect(isRunning(identity)).toBe(false);
  expect(processStart(second.pid!)).toBeDefined();
  second.kill("SIGKILL");
  await once(second, "exit");
});

test.runIf(process.platform === "linux")(
  "[daemon.identity] a process that ended and was not collected by its parent does not run",
  async () => {
    // The shell leaves its child uncollected: it became another program that collects nothing.
    const script = 'sleep 0 & echo $!; exec "$0" -e "process.stdin.resume()"';
    const parent = spawn("sh", ["-c", script, process.execPath], { stdio: ["pipe", "pipe", "ignore"] });
    const [line] = (await once(parent.stdout!.setEncoding("utf8"), "data")) as [string];
    await expect.poll(() => processStart(Number(line))).toBeUndefined();
    parent.kill("SIGKILL");
    await once(parent, "exit");
  },
);
