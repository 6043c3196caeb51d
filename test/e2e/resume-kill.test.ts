import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";

const script = (name: string): string => fileURLToPath(new URL(`./resume/${name}`, import.meta.url));
const sources = fileURLToPath(new URL("../../sdks/python/src", import.meta.url));
const python = process.env.PARLEY_TEST_PYTHON ?? "python3";

const count = 120;
/** Each kill comes when every reader has this much of an answer, while the host is free to say more than that. */
const kills = [
  { seen: 30, allowed: 60 },
  { seen: 80, allowed: 100 },
];

type Line = [sequence: number, interaction: string, said: string];

/** A reader in a process of its own, and what it has printed. */
class Reader {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  errors = "";
  #wake: (() => void) | undefined;

  constructor(daemon: TestDaemon, program: string, args: string[]) {
    this.#child = spawn(program, args, {
      env: { ...daemon.env, PYTHONPATH: sources, PYTHONDONTWRITEBYTECODE: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stdin!.on("error", () => undefined);
    this.#child.stdin!.write(`${daemon.address} ${daemon.token}\n`);
    this.#child.stderr!.setEncoding("utf8").on("data", (text) => (this.errors += text));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.lines.push(JSON.parse(line));
      this.#wake?.();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code) => {
        resolve(code);
        this.#wake?.();
      });
    });
  }

  async has(number: number): Promise<void> {
    while (!this.lines.some(([, , said]) => said.includes(`${number};`))) {
      if (this.#child.exitCode !== null) throw new Error(`a reader ended early:\n${this.errors}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

describe("readers in both languages while the daemon is killed in the middle of what they read", () => {
  let daemon: TestDaemon;
  let host: ChildProcess;
  const readers = new Map<string, Reader>();
  const kinds: [name: string, program: string, file: string, mode: string][] = [
    ["TypeScript over TCP", process.execPath, "reader.ts", "tcp"],
    ["TypeScript over the unix socket", process.execPath, "reader.ts", "unix"],
    ["synchronous Python", python, "reader.py", "sync"],
    ["asynchronous Python", python, "reader.py", "async"],
  ];

  beforeAll(async () => {
    daemon = await startDaemon();
    host = spawn(process.execPath, [script("host.ts"), "numbers", String(count)], {
      env: daemon.env,
      stdio: ["pipe", "ignore", "inherit"],
    });
    await untilLive(daemon, "numbers");
    for (const [name, program, file, mode] of kinds)
      for (const scope of ["interaction", "session"]) {
        const until = scope === "interaction" ? 1 : kinds.length;
        const args = [script(file), mode, scope, "numbers", String(until)];
        readers.set(`${name}, ${scope}`, new Reader(daemon, program, args));
      }
    for (const { seen, allowed } of kills) {
      host.stdin!.write(`go ${seen + 1}\n`);
      await Promise.all([...readers.values()].map((reader) => reader.has(seen)));
      host.stdin!.write(`go ${allowed}\n`);
      await readers
        .values()
        .next()
        .value!.has(seen + 1);
      await daemon.stop("SIGKILL");
      await daemon.restart();
    }
    host.stdin!.write(`go ${count}\n`);
  }, 60_000);
  afterAll(async () => {
    for (const reader of readers.values()) reader.kill();
    host?.kill("SIGKILL");
    await daemon?.[Symbol.asyncDispose]();
  });

  const numbers = Array.from({ length: count }, (_, number) => `${number};`);
  /** What an interaction says, deltas that came together cut apart again. */
  const answer = (lines: Line[]): string[] =>
    lines.flatMap(([, , said]) => (said.includes(";") ? said.match(/\d+;/g)! : []));

  describe.each(kinds)("%s", (name) => {
    const id = name.includes("Python") ? "[py.resume-kill]" : "[ts.resume-kill] [field.resume]";

    test(`${id} an interaction's reader has every event once and in order`, async () => {
      const reader = readers.get(`${name}, interaction`)!;
      expect(await reader.ended, reader.errors).toBe(0);
      expect(reader.lines.map(([sequence]) => sequence)).toEqual(reader.lines.map((_, at) => at + 1));
      expect(reader.lines[0]![2]).toBe("interaction_started");
      expect(answer(reader.lines)).toEqual(numbers);
      expect(reader.lines.at(-1)![2]).toBe("interaction_complete");
    });

    test(`${id} a session's reader has every event of all interactions once and in order`, async () => {
      const reader = readers.get(`${name}, session`)!;
      expect(await reader.ended, reader.errors).toBe(0);
      expect(reader.lines.map(([sequence]) => sequence)).toEqual(reader.lines.map((_, at) => at + 1));
      const interactions = new Set(reader.lines.map(([, interaction]) => interaction));
      expect(interactions.size).toBe(kinds.length);
      for (const interaction of interactions)
        expect(answer(reader.lines.filter(([, of]) => of === interaction))).toEqual(numbers);
    });
  });

  test("[ts.resume-kill] [field.resume] [py.resume-kill] all readers of the session saw the same", async () => {
    const seen = new Set<string>();
    for (const [name] of kinds) {
      const reader = readers.get(`${name}, session`)!;
      await reader.ended;
      seen.add(JSON.stringify(reader.lines));
    }
    expect(seen.size).toBe(1);
  });
});
