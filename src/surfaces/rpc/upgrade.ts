import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errors } from "../../generated/errors.js";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../../generated/version.js";
import type { ContractError } from "../../kernel/contract-error.js";

/** Headers that tell a client the daemon's contract, as lines of a response head. */
export function contractLines(): string[] {
  return [`Parley-Contract: ${CONTRACT_VERSION}`, `Parley-Digest: ${CONTRACT_DIGEST}`];
}

/** Answers an upgrade that is not granted: the typed error as a plain HTTP response, then the end of the connection. */
export function refuseUpgrade(socket: Duplex, error: ContractError, requestId: string): void {
  const { http } = errors[error.code];
  const body = JSON.stringify(error.toPayload(requestId));
  const head = [
    `HTTP/1.1 ${http} ${STATUS_CODES[http] ?? "Error"}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Parley-Request-Id: ${requestId}`,
    ...contractLines(),
  ];
  if (error.retryAfterMs !== undefined) head.push(`Retry-After: ${Math.ceil(error.retryAfterMs / 1000)}`);
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
