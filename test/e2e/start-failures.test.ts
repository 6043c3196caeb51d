import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { mountSmallDisk, type SmallDisk } from "../faults/recovery/small-disk.js";
import type { CliResult } from "../support/cli.js";
import { type CommandOptions, CommandPlace } from "../support/command-place.js";
import { startDaemon } from "../support/daemon.js";
import { until } from "../support/wait.js";

interface Failure {
  code: string;
  exit: number;
  message: RegExp;
}

/** What of a user's machine is wrong, and how the start of a daemon reports it. */
interface Situation extends Failure {
  name: string;
  prepare(place: CommandPlace): CommandOptions | undefined | Promise<CommandOptions | undefined>;
}

const situations: Situation[] = [
  ...[32, 64].map((openFiles) => ({
    name: `${openFiles} open files`,
    code: "system_limit",
    exit: 6,
    message: /needs at least 128 open files, and this process may have \d+; .*`ulimit -n 1024`/,
    prepare: () => ({ openFiles }),
  })),
  {
    name: "a store that another daemon has open",
    code: "storage_unavailable",
    exit: 1,
    message: /parley\.db is open in another process: stop the other daemon/,
    async prepare(place) {
      const other = await startDaemon();
      onTestFinished(() => other[Symbol.asyncDispose]());
      place.configure(`[store]\npath = "${join(other.folder, "data/parley/parley.db")}"\n`);
      return undefined;
    },
  },
  {
    name: "a store that is no database",
    code: "storage_unavailable",
    exit: 1,
    message: /notes\.txt: the file is not a database/,
    prepare(place) {
      writeFileSync(join(place.folder, "notes.txt"), "notes ".repeat(1_000));
      place.configure(`[store]\npath = "${join(place.folder, "notes.txt")}"\n`);
      return undefined;
    },
  },
  ...(["state", "data"] as const).map((name) => ({
    name: `a file in place of the ${name} folder`,
    code: "path_unusable",
    exit: 4,
    message: new RegExp(`${name}/parley is not a folder; move it away, or name another path \\(EEXIST\\)`),
    prepare({ folder }: CommandPlace) {
      mkdirSync(join(folder, name), { recursive: true });
      rmSync(join(folder, name, "parley"), { recursive: true, force: true });
      writeFileSync(join(folder, name, "parley"), "");
      return undefined;
    },
  })),
  {
    name: "a file above the data folder",
    code: "path_unusable",
    exit: 4,
    message: /file is not a folder; move it away, or name another path/,
    prepare: ({ folder }) => {
      writeFileSync(join(folder, "file"), "");
      return { env: { XDG_DATA_HOME: join(folder, "file/below") } };
    },
  },
  {
    name: "a path of the store that is too long",
    code: "path_unusable",
    exit: 4,
    message: /is longer than the system allows; name a shorter path \(ENAMETOOLONG\)/,
    prepare(place) {
      place.configure(`[store]\npath = "${join(place.folder, "x".repeat(300), "parley.db")}"\n`);
      return undefined;
    },
  },
  {
    name: "a log that cannot be written",
    code: "path_unusable",
    exit: 4,
    message: /log is a folder; name a file \(EISDIR\)/,
    prepare(place) {
      mkdirSync(join(place.folder, "log"));
      place.configure(`[log]\nfile = "${join(place.folder, "log")}"\n`);
      return undefined;
    },
  },
  {
    name: "an address of another machine",
    code: "address_unavailable",
    exit: 5,
    // From the block for documentation: no machine has it.
    message: /203\.0\.113\.1 is not an address of this machine; choose another `host`/,
    prepare: (place) => void place.configure('host = "203.0.113.1"\n'),
  },
  {
    name: "a host name without an address",
    code: "address_unavailable",
    exit: 5,
    message: /daemon\.invalid (is not a name that this machine resolves|cannot be resolved)/,
    prepare: (place) => void place.configure('host = "daemon.invalid"\n'),
  },
  {
    name: "an unknown key in the config",
    code: "invalid_request",
    exit: 2,
    message: /parley\.toml:3:1: unknown key `server\.prot`; did you mean `port`\?/,
    prepare: (place) => void place.configure("prot = 1\n"),
  },
  {
    name: "a config file that is a folder",
    code: "invalid_request",
    exit: 2,
    message: /parley\.toml: /,
    prepare({ config }) {
      rmSync(config);
      mkdirSync(config);
      return undefined;
    },
  },
  {
    name: "a home that is no absolute path",
    code: "path_unusable",
    exit: 4,
    message: /HOME is "home", which is not an absolute path/,
    prepare: () => ({ env: { HOME: "home", XDG_STATE_HOME: "", XDG_DATA_HOME: "", XDG_CONFIG_HOME: "" } }),
  },
];

/** The rule for every failure that a user can cause. */
function expectTyped({ code, stdout, stderr }: CliResult, failure: Failure): void {
  const said = JSON.parse(stdout || "{}");
  expect({ exit: code, code: said.code, stderr }).toEqual({
    exit: failure.exit,
    code: failure.code,
    stderr: "",
  });
  expect(said.message).toMatch(failure.message);
  expect(said.message).not.toMatch(/\n\s+at /);
}

describe("[daemon.typed-failures] [daemon.up-failure] a start that fails", () => {
  test.each(situations)("$name", async (situation) => {
    await using place = new CommandPlace();
    const options = (await situation.prepare(place)) ?? {};
    const env = { ...place.env, ...options.env };
    expectTyped(await place.run(["up", "--detach", "--json"], { ...options, env }), situation);
    // In the foreground the same text reaches the terminal, once.
    const { code, stderr } = await place.run(["up"], { ...options, env });
    const lines = stderr.trim().split("\n");
    expect([code, lines.filter((line) => situation.message.test(line))]).toEqual([
      situation.exit,
      [lines.at(-1)],
    ]);
    expect(lines.at(-1)).toContain(`[${situation.code}]`);
    expect(stderr).not.toMatch(/^\s+at |\[internal\]/m);
    // Nothing of the failed start is left.
    expect(existsSync(join(place.folder, "state/parley/daemon.json"))).toBe(false);
  });

  test("[daemon.few-files] few open files are one line of the log, without a stack", async () => {
    await using place = new CommandPlace();
    await place.run(["up", "--detach"], { openFiles: 40 });
    const lines = readFileSync(place.log, "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: "error", code: "system_limit" }]);
    expect(lines[0]).not.toContain("stack");
  });

  test("[daemon.few-files] connections never take the last files: each gets an answer, over both listeners", async () => {
    await using place = new CommandPlace();
    expect((await place.run(["up", "--detach"], { openFiles: 160 })).code).toBe(0);
    const { address, socket_path } = JSON.parse(
      readFileSync(join(place.folder, "state/parley/daemon.json"), "utf8"),
    );
    const sockets: Socket[] = [];
    const open = (count: number, target: NetConnectOpts): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, () => {
          const socket = connect(target).on("error", () => undefined);
          sockets.push(socket);
          return once(socket, "connect");
        }),
      );
    try {
      await open(100, { host: "127.0.0.1", port: Number(new URL(address).port) });
      expect((await place.run(["status", "--json"])).code).toBe(0);
      const refused = { code: "quota_exceeded", exit: 6, message: /Too much at once/ };
      await open(40, { path: socket_path });
      expectTyped(await place.run(["peers", "--json"]), refused);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await until("the daemon to have room again", async () =>
      (await place.run(["status"])).code === 0 ? true : undefined,
    );
    const lines = readFileSync(place.log, "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", open_files: 160, msg: expect.stringContaining("`ulimit -n`") },
      { level: "info", msg: "Parley serves." },
    ]);
  });

  test("a working directory that was removed", async () => {
    await using place = new CommandPlace();
    const gone = join(place.folder, "gone");
    mkdirSync(gone);
    const removed = ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh"];
    const result = await place.run(["up", "--detach", "--json"], { cwd: gone, through: removed });
    expectTyped(result, { code: "path_unusable", exit: 4, message: /working directory no longer exists/ });
  });
});

describe.skipIf(!canMount())("[daemon.typed-failures] a start on a disk that takes nothing", () => {
  const onDisk = async (
    prepare: (disk: SmallDisk) => void,
    failure: Failure,
    folders: string[],
  ): Promise<void> => {
    using disk = mountSmallDisk(8);
    await using place = new CommandPlace();
    prepare(disk);
    for (const name of folders) {
      const env = { ...place.env, [name]: disk.folder };
      const failed = await place.run(["up", "--detach", "--json"], { env });
      expectTyped(failed, failure);
    }
    disk.setReadOnly(false);
    disk.free();
    const { code, stderr } = await place.run(["up", "--detach"], {
      env: { ...place.env, XDG_DATA_HOME: disk.folder },
    });
    expect([code, stderr]).toEqual([0, expect.stringContaining("parley runs")]);
    await place.run(["stop"]);
  };

  test("a full disk", async () => {
    const failure = {
      code: "storage_unavailable",
      exit: 1,
      message: /disk (is|or) full|[Ff]ree some (disk )?space/,
    };
    await onDisk((disk) => disk.fill(), failure, ["XDG_DATA_HOME", "XDG_STATE_HOME"]);
  });

  test("a read-only disk", async () => {
    const failure = {
      code: "path_unusable",
      exit: 4,
      message: /lies on a read-only file system; name another path/,
    };
    await onDisk((disk) => disk.setReadOnly(true), failure, ["XDG_DATA_HOME", "XDG_STATE_HOME"]);
  });
});

describe("[daemon.up-failure] a daemon that ends before its first word", () => {
  test.each([
    [
      "a build that was cut off",
      "const broken = {",
      /ended with exit code 1 before it was ready/,
      /SyntaxError/,
    ],
    [
      "a mistake at its start",
      'console.error("first"); throw new Error("second");',
      /exit code 1/,
      /first\n.*second/s,
    ],
    [
      "a system that kills it",
      'process.kill(process.pid, "SIGKILL");',
      /ended by SIGKILL/,
      /has no line about it/,
    ],
  ])("%s: the end of its log and the log's path are shown", async (_, program, how, shown) => {
    await using place = new CommandPlace();
    const build = place.copyBuild();
    writeFileSync(join(build, "dist/daemon-main.js"), program);
    writeFileSync(join(build, "package.json"), '{"type": "module"}');
    mkdirSync(join(place.folder, "state/parley"), { recursive: true });
    writeFileSync(place.log, "a line of an earlier day\n");
    const { code, stderr } = await place.run(["up", "--detach"], { cli: join(build, "dist/cli.cjs") });
    expect([code, stderr]).toEqual([1, expect.stringMatching(how)]);
    expect(stderr).toMatch(shown);
    expect(stderr).toContain(place.log);
    expect(stderr).toContain("[start_failed]");
    expect(stderr).not.toContain("earlier day");
  });

  test("a daemon that is not built", async () => {
    await using place = new CommandPlace();
    const build = place.copyBuild();
    rmSync(join(build, "dist/daemon.js"));
    const { code, stderr } = await place.run(["up", "--detach"], { cli: join(build, "dist/cli.cjs") });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/not built: .*daemon\.js is missing.*\[start_failed\]/),
    ]);
  });
});

function canMount(): boolean {
  try {
    mountSmallDisk(1)[Symbol.dispose]();
    return true;
  } catch {
    console.log("SKIPPED starts on a full and a read-only disk: this user may not mount");
    return false;
  }
}
