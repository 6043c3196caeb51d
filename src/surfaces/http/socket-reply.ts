import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errors } from "../../generated/errors.js";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../../generated/version.js";
import { ContractError } from "../../kernel/contract-error.js";

/** Headers that tell a client the daemon's contract, as lines of a response head. */
export function contractLines(): string[] {
  return [`Parley-Contract: ${CONTRACT_VERSION}`, `Parley-Digest: ${CONTRACT_DIGEST}`];
}

/** The version of WebSocket that is spoken here (RFC 6455). Drafts name the Origin otherwise, which would go unchecked. */
const webSocketVersion = "13";

/** An upgrade to another version of WebSocket; the answer states which one is supported. */
class UnsupportedVersion extends ContractError {
  constructor(got: string) {
    super("invalid_request", {
      message: `WebSocket version ${webSocketVersion} is supported; the upgrade asks for ${got === "" ? "none" : got}.`,
      details: [
        {
          field: "sec-websocket-version",
          issue: "invalid_value",
          expected: webSocketVersion,
          got: got || "none",
        },
      ],
    });
  }
}

/** Throws when an upgrade by GET asks for another version of WebSocket, or for none. */
export function checkWebSocketVersion({ method, headers }: IncomingMessage): void {
  const got = headers["sec-websocket-version"] ?? "";
  if (method === "GET" && got !== webSocketVersion) throw new UnsupportedVersion(got.slice(0, 64));
}

/** Answers an upgrade that is not granted: the typed error as a plain HTTP response, then the end of the connection. */
export function refuseUpgrade(socket: Duplex, error: ContractError, requestId: string): void {
  if (error instanceof UnsupportedVersion)
    answerAndEnd(socket, 426, error, requestId, [
      "Connection: close, Upgrade",
      "Upgrade: websocket",
      `Sec-WebSocket-Version: ${webSocketVersion}`,
    ]);
  else answerAndEnd(socket, errors[error.code].http, error, requestId);
}

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
  answerAndEnd(socket, status, new ContractError("invalid_request", { message }), requestId);
}

const reasons: Readonly<Record<string, [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The request's headers together are larger than this daemon takes."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive in time."],
};

function answerAndEnd(
  socket: Duplex,
  status: number,
  error: ContractError,
  requestId: string,
  connection: readonly string[] = ["Connection: close"],
): void {
  const body = JSON.stringify(error.toPayload(requestId));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}`,
    ...connection,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Parley-Request-Id: ${requestId}`,
    ...contractLines(),
  ];
  if (error.retryAfterMs !== undefined) head.push(`Retry-After: ${Math.ceil(error.retryAfterMs / 1000)}`);
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
