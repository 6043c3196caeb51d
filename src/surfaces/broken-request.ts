import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { ContractError } from "../kernel/contract-error.js";

/** Answers bytes that are no HTTP request, as far as the connection still takes an answer. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex, requestId: string): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = reasons[error.code ?? ""] ?? [
    400,
    "The bytes sent are not a well-formed HTTP request.",
  ];
  const body = JSON.stringify(new ContractError("invalid_request", { message }).toPayload(requestId));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Parley-Request-Id: ${requestId}`,
  ];
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

const reasons: Readonly<Record<string, [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The request's headers together are larger than this daemon takes."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive in time."],
};
