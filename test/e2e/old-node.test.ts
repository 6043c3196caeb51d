import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliResult, finished, parley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { type OldNode, oldNodes } from "../support/old-nodes.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const notice =
  /^parley: Node 24\.15 or newer is needed, this is v\d+\.\d+\.\d+; continuing with .*node-\w+-\w+\/bin\/node\n/;
const complaint = /needs Node 24\.15 or newer, and this is v\d+\.\d+\.\d+ \(.*\)\. Install Node 24/;

describe.each(oldNodes())("[daemon.old-node] started with $name", (old) => {
  let daemon: TestDaemon;
  /** A tree like the checkout's, without packages. */
  let bare: string;
  beforeAll(async () => {
    daemon = await startDaemon();
    bare = mkdtempSync(join(tmpdir(), "parley-bare-"));
    for (const folder of ["dist", "scripts"])
      cpSync(join(root, folder), join(bare, folder), { recursive: true });
    writeFileSync(join(bare, "package.json"), readFileSync(join(root, "package.json")));
  });
  afterAll(async () => {
    rmSync(bare, { recursive: true, force: true });
    await daemon[Symbol.asyncDispose]();
  });
  const start = (script: string, ...args: string[]): ChildProcess =>
    spawn(old.command, [...old.args, script, ...args], {
      cwd: root,
      env: daemon.env,
      stdio: ["pipe", "pipe", "pipe"],
    });
  const run = (script: string, ...args: string[]): Promise<CliResult> => {
    const child = start(script, ...args);
    child.stdin!.end("hello");
    return finished(child);
  };

  test("the command states which Node is meant and continues with the packaged one", async () => {
    const { code, stdout, stderr } = await run(join(root, "dist/cli.cjs"), "status", "--json");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: expect.any(String),
      stderr: expect.stringMatching(notice),
    });
    expect(JSON.parse(stdout)).toMatchObject({ pid: daemon.pid });
  });

  test("input, output and the exit code are those of the command", async () => {
    const sent = await run(join(root, "dist/cli.cjs"), "send", "nowhere", "-");
    expect([sent.code, sent.stdout]).toEqual([3, ""]);
    expect(sent.stderr.replace(notice, "")).toContain("[peer_not_found]");
    const opened = await parley(daemon.env, ["session", "open", "reader"]);
    expect(opened.code).toBe(0);
    const piped = await run(join(root, "dist/cli.cjs"), "send", "reader", "--json");
    expect([piped.code, JSON.parse(piped.stdout).kind]).toEqual([0, "peer_message_sent"]);
  });

  test("a signal ends the command, and ends it in order", async () => {
    const name = `echo-${old.args.length}`;
    const child = start(join(root, "dist/cli.cjs"), "agent", "echo", "--name", name);
    const ended = finished(child);
    await untilLive(daemon, name);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect((await parley(daemon.env, ["session", "get", name, "--json"])).stdout).not.toContain(
      '"state": "live"',
    );
  });

  test("a daemon that it starts runs on the packaged Node", async () => {
    await using other = await startDaemon();
    await other.stop();
    const up = spawn(old.command, [...old.args, join(root, "dist/cli.cjs"), "up", "--detach", "--json"], {
      env: other.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, stdout } = await finished(up);
    expect(code).toBe(0);
    try {
      if (process.platform === "linux")
        expect(readlinkSync(`/proc/${JSON.parse(stdout).pid}/exe`)).toBe(process.execPath);
    } finally {
      expect((await parley(other.env, ["stop"])).code).toBe(0);
    }
  });

  test("the daemon's own file continues with the packaged Node, and stops at a signal", async () => {
    await using other = await startDaemon();
    await other.stop();
    const child = spawn(old.command, [...old.args, join(root, "dist/daemon.js")], {
      env: other.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = finished(child);
    await new Promise<void>((resolve) => {
      child.stderr.on("data", (text) => String(text).includes("Parley serves.") && resolve());
    });
    child.kill("SIGTERM");
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, expect.stringMatching(notice)]);
    expect(stderr).toContain('"msg":"Stopped."');
  });

  test("a symbolic link to the command works as the command", async () => {
    const bin = join(daemon.folder, `bin-${old.args.length}`);
    mkdirSync(bin);
    symlinkSync(join(root, "dist/cli.cjs"), join(bin, "parley"));
    const { code, stdout, stderr } = await run(join(bin, "parley"), "--version");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(notice) });
    expect(stdout).toContain("contract");
  });

  test.skipIf(old.folder === undefined)(
    "a shell that finds the old Node first still runs `parley`",
    async () => {
      const bin = join(daemon.folder, "bin-path");
      mkdirSync(bin);
      symlinkSync(join(root, "dist/cli.cjs"), join(bin, "parley"));
      const env = { ...daemon.env, PATH: `${bin}:${old.folder}:/usr/bin:/bin` };
      const { code, stdout } = await finished(
        spawn("sh", ["-c", "parley --version"], { env, stdio: "pipe" }),
      );
      expect([code, stdout]).toEqual([0, expect.stringContaining("contract")]);
    },
  );

  test.each([
    ["the command", "dist/cli.cjs", "peers"],
    ["the daemon", "dist/daemon.js"],
  ])("without packages %s states what is missing and how to get it", async (_, file, ...args) => {
    const { code, stdout, stderr } = await run(join(bare, file), ...args);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(complaint),
    });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  // The pretended one would pass on that it pretends.
  test.skipIf(old.folder === undefined)(
    "sources run with the loader continue with the packaged Node",
    async () => {
      const script = join(daemon.folder, `version-${old.args.length}.ts`);
      writeFileSync(script, "const text: string = process.version;\nconsole.log(text, process.argv[2]);\n");
      const child = spawn(
        old.command,
        [...old.args, "--import", join(root, "scripts/ts.mjs"), script, "word"],
        {
          env: daemon.env,
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      const { code, stdout, stderr } = await finished(child);
      expect([code, stdout, stderr]).toEqual([0, `${process.version} word\n`, expect.stringMatching(notice)]);
    },
  );

  test.each([
    ["the core", "dist/core.js", complaint],
    ["the SDK", "sdks/typescript/dist/index.js", /needs Node 20 or newer, and this is v16\.20\.2/],
  ])("%s refuses it by name", async (what, file, expected) => {
    const program = `import(${JSON.stringify(join(root, file))}).then(({ Parley }) => Parley && new Parley()).catch((error) => console.log(error.message));`;
    const child = spawn(old.command, [...old.args, "-e", program], {
      env: daemon.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { stdout } = await finished(child);
    // The SDK runs on Node 20.
    if (what === "the SDK" && !isOlderThan20(old)) expect(stdout).toBe("");
    else expect(stdout).toMatch(expected);
  });
});

describe.each(["start", "test"])("[daemon.old-node] npm's script %s on an old Node", (name) => {
  test("runs on the packaged Node, and without one states which Node is meant", async () => {
    const tree = mkdtempSync(join(tmpdir(), "parley-tree-"));
    try {
      cpSync(join(root, "scripts/entry"), join(tree, "scripts/entry"), { recursive: true });
      writeFileSync(
        join(tree, `scripts/${name}.mjs`),
        "console.log(process.version, ...process.argv.slice(2));",
      );
      const script = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
        .scripts[name].split(" ")
        .find((word: string) => word.startsWith("scripts/"));
      const run = (): Promise<CliResult> => {
        const [pretended] = oldNodes();
        const args = [...pretended!.args, join(tree, script), "word"];
        return finished(spawn(pretended!.command, args, { stdio: ["ignore", "pipe", "pipe"] }));
      };
      const refused = await run();
      expect([refused.code, refused.stdout]).toEqual([1, ""]);
      expect(refused.stderr).toMatch(/needs Node 20\.0 or newer, and this is v16\.20\.2/);
      symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
      const done = await run();
      expect([done.code, done.stdout]).toEqual([0, `${process.version} word\n`]);
      expect(done.stderr).toMatch(
        /^parley: Node 20\.0 or newer is needed, this is v16\.20\.2; continuing with /,
      );
    } finally {
      rmSync(tree, { recursive: true, force: true });
    }
  });
});

function isOlderThan20(old: OldNode): boolean {
  return old.folder === undefined;
}
