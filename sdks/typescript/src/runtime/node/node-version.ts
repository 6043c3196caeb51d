/** The oldest Node that the SDK runs on; `engines` of its package names the same. */
const oldestMajor = 20;

/** Throws on a Node that is too old, where something would fail later without a reason. Default: this process's. */
export function checkNodeVersion(version: string = process.versions.node): void {
  if (Number.parseInt(version, 10) >= oldestMajor) return;
  throw new Error(
    `parley-sdk needs Node ${oldestMajor} or newer, and this is v${version} (${process.execPath}). Install a newer one from https://nodejs.org.`,
  );
}
