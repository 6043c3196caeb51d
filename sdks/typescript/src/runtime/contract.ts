import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../generated/version.js";
import { clientError } from "./errors.js";

/** Headers that name this client's contract. */
export const contractHeaders: Readonly<Record<string, string>> = {
  "parley-contract": CONTRACT_VERSION,
  "parley-digest": CONTRACT_DIGEST,
};

/** Throws `contract_mismatch` when the daemon's version does not fit this SDK's; absent means no check. */
export function checkContract(daemon: string | undefined): void {
  if (daemon === undefined || isCompatible(CONTRACT_VERSION, daemon)) return;
  const older = compareVersions(CONTRACT_VERSION, daemon) < 0 ? "this SDK" : "the daemon";
  throw clientError(
    "contract_mismatch",
    `This SDK speaks contract ${CONTRACT_VERSION}, the daemon ${daemon}; upgrade ${older}.`,
  );
}

/** Same minor version below 1.0, same major version from then on. */
export function isCompatible(one: string, other: string): boolean {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  return a[0] === b[0] && (a[0] !== 0 || a[1] === b[1]);
}

function compareVersions(one: string, other: string): number {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function numbersOf(version: string): [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return [major, minor, patch];
}
