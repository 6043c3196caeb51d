// Installs Debian packages that tests need, where this process may.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** This process's user, and the machine's apt. */
const system = { uid: process.getuid?.(), command: "/usr/bin/apt-get" };

/** Ends a line about what is missing. */
export const cannotInstall = "could not be installed (needs root, apt and the network)";

/** Installs the packages and prints `what` they are for; false when this process may not, or it failed. */
export function aptInstall(what, packages, { uid, command } = system) {
  if (process.platform !== "linux" || uid !== 0 || !existsSync(command)) return false;
  console.log(`parley: installing ${what} ...`);
  const apt = (...args) =>
    spawnSync(command, ["-qq", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    }).status === 0;
  // An update may fail in part and still know these packages.
  apt("update");
  return apt("install", "-y", "--no-install-recommends", ...packages);
}
