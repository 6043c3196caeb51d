import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandPlace } from "../support/command-place.js";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const tools = process.env.PARLEY_TEST_TOOLS ?? "";
const license = readFileSync(join(root, "LICENSE"), "utf8");
const isTest = /(?:^|\/)(?:_[a-z-]+|[^/]*\.test)\.ts$/;

describe("[packages.artefacts] what is packed for the registries", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-artefacts-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Packs a folder as npm does, and unpacks it where an install would put it. */
  function installed(from: string, name: string): string {
    const options = { cwd: from, encoding: "utf8" as const };
    const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], options);
    const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
    const place = join(folder, "node_modules", name);
    mkdirSync(place, { recursive: true });
    execFileSync("tar", ["-xzf", join(folder, filename), "-C", place, "--strip-components=1"]);
    return place;
  }

  describe("parleyd", () => {
    let place = "";
    beforeAll(() => {
      place = installed(root, "parleyd");
      for (const entry of readdirSync(join(root, "node_modules")))
        if (entry !== "parley-sdk" && !entry.startsWith("."))
          symlinkSync(join(root, "node_modules", entry), join(folder, "node_modules", entry));
    });

    test("has the LICENSE, and no tests", () => {
      expect(readFileSync(join(place, "LICENSE"), "utf8")).toBe(license);
      expect(filesBelow(place).filter((path) => isTest.test(path))).toEqual([]);
    });

    test("has every file that the types of its core are in", () => {
      const seen = new Set<string>();
      const missing: string[] = [];
      const follow = (path: string): void => {
        if (seen.has(path)) return;
        seen.add(path);
        if (!existsSync(path)) return void missing.push(relative(place, path));
        for (const [, named] of readFileSync(path, "utf8").matchAll(/from "(\.[^"]+)\.js"/g))
          follow(join(dirname(path), `${named}.ts`));
      };
      follow(
        join(place, JSON.parse(readFileSync(join(place, "package.json"), "utf8")).exports["./core"].types),
      );
      expect(missing).toEqual([]);
      expect(seen.size).toBeGreaterThan(20);
    });

    test("starts the daemon, answers calls and is imported as `parleyd/core`", async () => {
      await using user = new CommandPlace({ node: process.execPath, cli: join(place, "dist/cli.cjs") });
      expect(await user.run(["up", "--detach"])).toMatchObject({ code: 0 });
      expect(await user.run(["peers", "--json"])).toMatchObject({ code: 0 });
      const script =
        'import { openCore } from "parleyd/core"; await (await openCore()).close(); console.log("core");';
      const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        cwd: folder,
        encoding: "utf8",
      });
      expect(output).toBe("core\n");
    });
  });

  test("parley-sdk for npm has the LICENSE and its code, and is imported by its name", () => {
    const place = installed(join(root, "sdks/typescript"), "parley-sdk");
    expect(readFileSync(join(place, "LICENSE"), "utf8")).toBe(license);
    const script =
      'console.log(typeof (await import("parley-sdk")).createClient, typeof (await import("parley-sdk/guards")).isCommsCommand);';
    const options = { cwd: folder, encoding: "utf8" as const };
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], options)).toBe(
      "function function\n",
    );
    for (const file of ["README.md", "dist/index.d.ts", "dist/browser.js"])
      expect(existsSync(join(place, file)), file).toBe(true);
  });

  test("parley-sdk for Python has the LICENSE in wheel and sdist, and is imported as `parley`", () => {
    const python = join(tools, "python");
    const made = join(folder, "python");
    const build = ["-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", made];
    execFileSync(python, build, { cwd: join(root, "sdks/python"), stdio: "pipe" });
    expect(readdirSync(made).sort()).toEqual([
      "parley_sdk-0.3.0-py3-none-any.whl",
      "parley_sdk-0.3.0.tar.gz",
    ]);
    const read = `
import sys, tarfile, zipfile
folder = sys.argv[1]
wheel = zipfile.ZipFile(folder + "/parley_sdk-0.3.0-py3-none-any.whl")
sdist = tarfile.open(folder + "/parley_sdk-0.3.0.tar.gz")
names = wheel.namelist()
assert "parley/__init__.py" in names and "parley/py.typed" in names, names
assert not any("tests" in name or name.startswith("parley/LICENSE") for name in names), names
texts = [
    wheel.read("parley_sdk-0.3.0.dist-info/licenses/LICENSE"),
    sdist.extractfile("parley_sdk-0.3.0/LICENSE").read(),
]
assert texts[0] == texts[1]
sys.stdout.write(texts[0].decode())
`;
    expect(execFileSync(python, ["-c", read, made], { encoding: "utf8" })).toBe(license);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" });
}
