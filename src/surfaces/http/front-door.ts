import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ContractError } from "../../kernel/contract-error.js";

export interface FrontDoorLimits {
  /** Connections at once; those above are answered `quota_exceeded` and closed. */
  connections: number;
  /** Bytes of all request bodies that may be under way at once. */
  bodyBytes: number;
}

/** Bodies up to this size are not counted: a connection's buffers are as large. */
const smallBytes = 16 * 1024;
const retryAfterMs = 1_000;

/** What a listener asks of every request before any surface sees it: one clear target, and room for it. */
export class FrontDoor {
  readonly #limits: FrontDoorLimits;
  readonly #surplus = new WeakSet<Socket>();
  readonly #refused = new Set<Socket>();
  #connections = 0;
  #bodyBytes = 0;

  constructor(limits: FrontDoorLimits) {
    this.#limits = limits;
  }

  /** Counts a connection until it closes. */
  connected(socket: Socket): void {
    this.#connections += 1;
    if (this.#connections > this.#limits.connections) this.#surplus.add(socket);
    socket.once("close", () => {
      this.#connections -= 1;
    });
  }

  /** Nothing more is read from a connection whose last request was refused here: where the next begins is unsure. */
  refuse(socket: Socket): void {
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    socket.once("close", () => this.#refused.delete(socket));
  }

  isRefused(socket: Socket): boolean {
    return this.#refused.size > 0 && this.#refused.has(socket);
  }

  /** Why a request or an upgrade is not let in; undefined when it is. */
  problem(request: IncomingMessage): ContractError | undefined {
    if (this.#connections > this.#limits.connections && this.#surplus.has(request.socket)) {
      return tooMuch(`at most ${this.#limits.connections} connections`);
    }
    const { url = "", headers } = request;
    // Node joins what was sent twice with commas, and no host has one.
    if (headers.host?.includes(",") === true) {
      return malformed("host", "one Host header", headers.host);
    }
    // Where a body in any other coding ends is a matter of opinion.
    const coding = headers["transfer-encoding"];
    if (coding !== undefined && coding.toLowerCase() !== "chunked") {
      return malformed("transfer-encoding", "chunked", coding);
    }
    // Another authority in the target would name another host than the header that is checked; this is no proxy.
    return url.startsWith("/") ? undefined : malformed("", "a path as request target", url);
  }

  /** Takes room for the request's body until its answer is over; the error says that there is none. */
  takeBody({ headers }: IncomingMessage, response: ServerResponse): ContractError | undefined {
    const { bodyBytes } = this.#limits;
    const length = headers["content-length"];
    const bytes =
      length === undefined && headers["transfer-encoding"] !== undefined ? chunkedBytes : Number(length ?? 0);
    // What is too large for any surface is refused by it unread.
    if (bytes <= smallBytes || bytes > bodyBytes) return undefined;
    if (this.#bodyBytes + bytes > bodyBytes) return tooMuch(`at most ${bodyBytes} bytes of bodies at once`);
    this.#bodyBytes += bytes;
    response.once("close", () => {
      this.#bodyBytes -= bytes;
    });
    return undefined;
  }
}

/** A body that does not tell its length counts as much as most of them may have. */
const chunkedBytes = 1024 * 1024;

function tooMuch(expected: string): ContractError {
  const details = [{ field: "", issue: "out_of_range" as const, expected, got: "more" }];
  return new ContractError("quota_exceeded", { details, retryAfterMs });
}

function malformed(field: string, expected: string, got: string): ContractError {
  return new ContractError("invalid_request", {
    details: [{ field, issue: "invalid_value", expected, got: got.slice(0, 64) }],
  });
}
