import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A user without an account, which only root can become. */
export const otherUser = { uid: 12_345, gid: 12_345 };

/** Node and the built command where every user of the machine may run them. */
export interface PublicBuild extends Disposable {
  node: string;
  cli: string;
}

/** This tree's build, or a copy when the tree lies in a folder that is closed to other users. */
export function publicBuild(): PublicBuild {
  const own = { node: process.execPath, cli: join(root, "dist/cli.cjs") };
  const env = { PATH: process.env.PATH, HOME: "/" };
  const isOpen = spawnSync(own.node, [own.cli, "--version"], { ...otherUser, env, cwd: "/" }).status === 0;
  if (isOpen) return { ...own, [Symbol.dispose]: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), "parley-build-"));
  chmodSync(folder, 0o755);
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  const node = join(folder, "bin/node");
  mkdirSync(dirname(node));
  cpSync(own.node, node);
  return {
    node,
    cli: join(folder, "dist/cli.cjs"),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
