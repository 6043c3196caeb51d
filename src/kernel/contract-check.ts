import { CONTRACT_VERSION } from "../generated/version.js";
import { ContractError } from "./contract-error.js";

/**
 * Throws `contract_mismatch` when the client's contract is not compatible: same `0.minor` before 1.0, same major from
 * then on. No version means no check.
 */
export function checkContract(
  clientVersion: string | undefined,
  serverVersion: string = CONTRACT_VERSION,
): void {
  if (clientVersion === undefined || line(clientVersion) === line(serverVersion)) {
    return;
  }
  const known = line(clientVersion) !== null;
  throw new ContractError("contract_mismatch", {
    message: known
      ? `The client speaks contract ${clientVersion}, the daemon ${serverVersion}; upgrade the ${isOlder(clientVersion, serverVersion) ? "client" : "daemon"}.`
      : `The client names no contract version that could be read; the daemon speaks ${serverVersion}.`,
    details: [
      { field: "contract", issue: "invalid_value", expected: serverVersion, got: clientVersion.slice(0, 32) },
    ],
  });
}

const pattern = /^(\d{1,4})\.(\d{1,4})\.\d{1,4}$/;

function line(version: string): string | null {
  const match = pattern.exec(version);
  if (match === null) {
    return null;
  }
  return match[1] === "0" ? `0.${Number(match[2])}` : String(Number(match[1]));
}

function isOlder(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA < majorB || (majorA === majorB && minorA < minorB);
}
