import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ownCommand } from "./own-command.js";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "own-command-")));
const program = join(folder, "check out/dist/cli.cjs");
const stranger = join(folder, "stranger");
for (const made of ["check out/dist", "check out/node_modules/.bin", "bin", "stranger"])
  mkdirSync(join(folder, made), { recursive: true });
writeFileSync(program, "");
writeFileSync(join(stranger, "parley"), "");
for (const link of ["check out/node_modules/.bin/parley", "bin/parley"])
  symlinkSync(program, join(folder, link));
const packages = join(folder, "check out/node_modules/.bin");
const installed = join(folder, "bin");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["a link on the PATH", [installed], folder, "parley"],
  ["a link behind folders that lack it", [folder, installed], folder, "parley"],
  [
    "npm's own PATH, in the checkout",
    [packages, folder],
    join(folder, "check out"),
    "npx --no-install parley",
  ],
  ["npm's own PATH, elsewhere", [packages], folder, `'${program}'`],
  ["another program of that name first", [stranger, installed], folder, `'${program}'`],
  [
    "another program of that name, in the checkout",
    [stranger],
    join(folder, "check out"),
    "npx --no-install parley",
  ],
  ["an empty and a relative PATH", ["", "bin"], folder, `'${program}'`],
])("[cli.own-command] %s: the words run this very program", (_, path, cwd, words) => {
  expect(ownCommand({ program, path: path.join(delimiter), cwd })).toBe(words);
});
