import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What the file system of a user looks like, and what a client makes of it; the Python SDK runs the same cases. */
export interface DiscoveryCase {
  name: string;
  /** Made in this order; folders in between are made with mode 0700. */
  tree: Entry[];
  env?: Record<string, string>;
  /** Other users by the port that they listen on. */
  strangers?: Record<string, number>;
  needs?: "linux";
  expect: { socket?: string; starting?: string; message?: string };
}

type Entry = { mode?: string; owner?: "other" } & (
  | { file: string; text?: string; json?: object }
  | { socket: string }
  | { folder: string }
  | { pipe: string }
  | { link: string; to: string }
);

export const cases = JSON.parse(
  readFileSync(new URL("../../../test/vectors/discovery/cases.json", import.meta.url), "utf8"),
) as DiscoveryCase[];

export const otherUid = 65_534;
export const needsRoot = ({ tree }: DiscoveryCase): boolean => tree.some(({ owner }) => owner === "other");
/** Above the largest process id of Linux and macOS. */
const deadPid = 2 ** 22 + 1;

/** A folder of one case, with its sockets listening. */
export class Scene implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), "parley-find-"));
  readonly #servers: Server[] = [];

  static async of({ tree }: Pick<DiscoveryCase, "tree">): Promise<Scene> {
    const scene = new Scene();
    for (const entry of tree) await scene.add(entry);
    return scene;
  }

  env(changes: Record<string, string> = {}): Record<string, string> {
    const [state, config, runtime] = ["state", "config", "run"].map((name) => join(this.root, name));
    return { XDG_STATE_HOME: state!, XDG_CONFIG_HOME: config!, XDG_RUNTIME_DIR: runtime!, ...changes };
  }

  /** Text of a case with this scene's values. */
  fill(text: string): string {
    const values: Record<string, unknown> = {
      root: this.root,
      uid: process.geteuid?.(),
      other: otherUid,
      live: process.pid,
    };
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  }

  async add(entry: Entry): Promise<string> {
    const name = Object.values({
      ...entry,
      mode: undefined,
      owner: undefined,
      text: undefined,
      json: undefined,
      to: undefined,
    }).find((value): value is string => typeof value === "string")!;
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if ("file" in entry) writeFileSync(path, this.#text(entry));
    else if ("folder" in entry) mkdirSync(path, { recursive: true });
    else if ("pipe" in entry) execFileSync("mkfifo", [path]);
    else if ("link" in entry) symlinkSync(this.#target(entry.to), path);
    else await this.#listen(path);
    if (entry.mode !== undefined) chmodSync(path, Number.parseInt(entry.mode, 8));
    if (entry.owner === "other") lchownSync(path, otherUid, otherUid);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  #target(to: string): string {
    mkdirSync(dirname(join(this.root, to)), { recursive: true, mode: 0o700 });
    return join(this.root, to);
  }

  #text({ text, json }: { text?: string; json?: object }): string {
    if (json === undefined) return this.fill(text ?? "");
    return JSON.stringify(json, (_key, value: unknown) => {
      if (value === "<live>") return process.pid;
      if (value === "<dead>") return deadPid;
      return typeof value === "string" ? this.fill(value) : value;
    });
  }

  /** Node removes the name that it bound when the server closes, whatever lies there by then. */
  async #listen(path: string): Promise<void> {
    const server = createServer((socket) => socket.end());
    const draft = join(this.root, `${this.#servers.length}`);
    await once(server.listen(draft), "listening");
    renameSync(draft, path);
    this.#servers.push(server);
  }
}
