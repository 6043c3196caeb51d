// The Python environment of the Python SDK's tests: a venv with exactly the locked packages.
// Plain JavaScript without dependencies, because it runs on the machine's own Node before anything is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./setup.mjs";

/** Puts the SDK's source on the environment's path, so that tests need no installation of it. */
const linkSource =
  "import pathlib, sys, sysconfig; (pathlib.Path(sysconfig.get_path('purelib')) / 'parley-source.pth').write_text(sys.argv[1] + chr(10))";

/**
 * Makes the environment of the SDK's tests unless it is there already.
 * @returns {{ python: string }} Path of its interpreter.
 */
export function ensurePython() {
  return ensureVenv(
    join(root, "sdks/python/.venv"),
    join(root, "sdks/python/requirements-dev.lock"),
    "the Python SDK's packages",
    join(root, "sdks/python/src"),
  );
}

/** Makes the environment of the tools of others that the tests run: their packages would clash with the SDK's. */
export function ensureTools() {
  return ensureVenv(join(root, ".cache/tools"), join(root, "test/tools/requirements.lock"), "the test tools");
}

function ensureVenv(venv, lock, what, source) {
  const python = join(venv, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const stamp = join(venv, "lock.stamp");
  const system = findPython();
  const key = createHash("sha256")
    .update(system.version)
    .update(source === undefined ? "" : linkSource)
    .update(readFileSync(lock))
    .digest("hex");
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, "utf8") === key) return { python };
  console.log(`parley: installing ${what} ...`);
  rmSync(venv, { recursive: true, force: true });
  run(system.command, ["-m", "venv", venv]);
  run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", lock]);
  // A package that the lock forgets would be found at random later; found here, the sentence is clear.
  run(python, ["-m", "pip", "check"]);
  if (source !== undefined) run(python, ["-c", linkSource, source]);
  writeFileSync(stamp, key);
  return { python };
}

function findPython() {
  const script = "import sys; print('%d.%d.%d' % sys.version_info[:3])";
  for (const command of ["python3", "python"]) {
    const { status, stdout } = spawnSync(command, ["-c", script], { encoding: "utf8" });
    const [major, minor] = (stdout ?? "").trim().split(".").map(Number);
    if (status === 0 && major === 3 && minor >= 10) return { command, version: stdout.trim() };
  }
  throw new Error(
    "parley: the Python SDK's tests need Python 3.10 or newer as `python3`; install it and repeat.",
  );
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (status === 0) return;
  const why = error?.message ?? `exit code ${status}`;
  throw new Error(`parley: \`${command} ${args.join(" ")}\` failed (${why}); see its messages above.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(ensurePython().python);
