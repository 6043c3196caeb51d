// Finds a Chromium for the browser tests, or installs Debian's where that is possible.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The path of a Chromium, or undefined when there is none and none can be installed. */
export function ensureChromium() {
  const found = places.find(existsSync);
  if (found !== undefined) return found;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get"))
    return undefined;
  console.log("parley: installing chromium for the browser tests ...");
  const apt = (...args) =>
    spawnSync("apt-get", ["-qq", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  apt("update");
  apt("install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core");
  return places.find(existsSync);
}
