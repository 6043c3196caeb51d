// Finds what builds the disk whose power the tests cut, or installs Debian's where that is possible.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { aptInstall, cannotInstall } from "./apt.mjs";

const packages = ["libfuse3-dev", "pkg-config", "gcc", "libc6-dev"];

/** Undefined when power can be cut here, else the line to print. A test gives an apt and a device of its own. */
export function ensureFuse({ apt, device = "/dev/fuse" } = {}) {
  if (process.platform !== "linux") return skipped("they need Linux");
  if (!existsSync(device)) return skipped(`${device} is missing`);
  if (missing().length === 0) return undefined;
  aptInstall("libfuse3-dev and pkg-config for the power cuts", packages, apt);
  const still = missing();
  return still.length === 0 ? undefined : skipped(`${still.join(" and ")} missing and ${cannotInstall}`);
}

function missing() {
  const runs = (command, ...args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
  if (!runs("pkg-config", "--version")) return ["pkg-config"];
  return [
    ...(runs("pkg-config", "--exists", "fuse3") ? [] : ["libfuse3-dev"]),
    ...(runs("gcc", "--version") ? [] : ["gcc"]),
  ];
}

function skipped(reason) {
  return `SKIPPED power cuts: ${reason}`;
}
