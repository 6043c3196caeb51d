// Finds a Chromium for the browser tests, or installs Debian's where that is possible.
import { existsSync } from "node:fs";
import { aptInstall } from "./apt.mjs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The path of a Chromium, or undefined when there is none and none can be installed. */
export function ensureChromium() {
  const find = () => places.find(existsSync);
  const found = find();
  if (found !== undefined) return found;
  aptInstall("chromium for the browser tests", ["chromium", "fonts-dejavu-core"]);
  return find();
}
