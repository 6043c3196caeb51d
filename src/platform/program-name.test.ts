import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { programName } from "./program-name.js";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "parley-program-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A process as Linux shows it. */
function shown(words: readonly string[], exe?: string): string | undefined {
  const proc = folder();
  mkdirSync(join(proc, "7"));
  writeFileSync(join(proc, "7/cmdline"), words.map((word) => `${word}\0`).join(""));
  writeFileSync(join(proc, "7/comm"), "MainThread\n");
  if (exe !== undefined) symlinkSync(exe, join(proc, "7/exe"));
  return programName(7, proc);
}

describe("[doctor.programs] a process is named by its program", () => {
  test.each<[string, string[], string | undefined, string | undefined]>([
    ["a program", ["/usr/sbin/nginx", "-g", "x"], "/usr/sbin/nginx", "nginx"],
    ["a script", ["node", "/srv/shop/server.js", "--port", "1"], "/usr/bin/node", "node server.js"],
    ["a module", ["python3", "-m", "http.server"], "/usr/bin/python3.12", "python3.12 -m http.server"],
    ["code on the command line", ["node", "-e", "secret()"], "/usr/bin/node", "node"],
    ["an argument of another program", ["vault", "hunter2"], "/opt/vault", "vault"],
    ["a script that was replaced", ["node", "a.js"], "/usr/bin/node (deleted)", "node a.js"],
    ["an unreadable program with a title", ["sshd: ann [priv]"], undefined, "sshd"],
    ["a thread of the kernel", [], undefined, undefined],
  ])("%s", (_what, words, exe, expected) => {
    expect(shown(words, exe)).toBe(expected);
  });

  test.runIf(process.platform === "linux")("Node's own thread is not meant", async () => {
    const script = join(folder(), "shop.cjs");
    writeFileSync(script, "process.title = 'x'; console.log('up'); process.stdin.resume();");
    const child: ChildProcess = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    });
    await once(child.stdout!, "data");
    expect(programName(child.pid!)).toMatch(/^node/);
    expect(programName(process.pid)).not.toContain("MainThread");
  });
});
