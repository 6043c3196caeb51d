import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";

const script = pathToFileURL(join(import.meta.dirname, "fuse.mjs")).href;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A machine without libfuse3-dev whose apt installs it, unless the apt fails. */
function machine({ aptFails = false } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-fuse-"));
  folders.push(folder);
  const command = (name: string, text: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  command("gcc", "exit 0");
  command("pkg-config", `[ "$1" = --version ] || [ -e "${folder}/installed" ]`);
  const install = aptFails ? "exit 100" : `[ "$2" != install ] || : > "${folder}/installed"`;
  command("apt-get", `echo "$DEBIAN_FRONTEND $*" >> "${folder}/apt"; ${install}`);
  writeFileSync(join(folder, "device"), "");
  return folder;
}

/** What the script prints on that machine, and what it would have the test script print. */
function ensure(folder: string, { uid = 0, device = "device" } = {}): { printed: string[]; line: string } {
  const options = { apt: { uid, command: join(folder, "apt-get") }, device: join(folder, device) };
  const code = `const { ensureFuse } = await import(${JSON.stringify(script)});
    console.log(String(ensureFuse(${JSON.stringify(options)})));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    env: { PATH: folder, HOME: folder },
  });
  const printed = stdout.trim().split("\n");
  return { line: printed.pop()!, printed };
}

const calls = (folder: string): string[] => readFileSync(join(folder, "apt"), "utf8").trim().split("\n");

describe.skipIf(process.platform !== "linux")("[tests.power-cuts] on a machine without libfuse3-dev", () => {
  test("root installs it, and power is cut", () => {
    const folder = machine();
    expect(ensure(folder)).toEqual({
      printed: ["parley: installing libfuse3-dev and pkg-config for the power cuts ..."],
      line: "undefined",
    });
    expect(calls(folder)).toEqual([
      "noninteractive -qq update",
      "noninteractive -qq install -y --no-install-recommends libfuse3-dev pkg-config gcc libc6-dev",
    ]);
    expect(ensure(folder)).toEqual({ printed: [], line: "undefined" });
    expect(calls(folder)).toHaveLength(2);
  });

  test.each([
    ["another user", { uid: 1000 }, {}],
    ["an apt that fails", {}, { aptFails: true }],
  ])("%s gets one line that says so", (_, user, kind) => {
    const { line } = ensure(machine(kind), user);
    expect(line).toBe(
      "SKIPPED power cuts: libfuse3-dev missing and could not be installed (needs root, apt and the network)",
    );
  });

  test("nothing is installed where there is no FUSE device", () => {
    const folder = machine();
    const { line, printed } = ensure(folder, { device: "none" });
    expect(line).toBe(`SKIPPED power cuts: ${join(folder, "none")} is missing`);
    expect(printed).toEqual([]);
  });
});
