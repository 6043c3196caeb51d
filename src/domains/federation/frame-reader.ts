import { isUtf8 } from "node:buffer";
import type { LinkFrame } from "../../generated/types.js";
import { checkContract } from "../../kernel/contract-check.js";
import { ContractError } from "../../kernel/contract-error.js";
import { decodeJson } from "../../kernel/json.js";
import { maxFrameBytes, type Wire, type WireListener } from "../../kernel/wire.js";

/** Frames that may wait while somebody looks at the first: during a handshake there are never more. */
const maxWaiting = 16;

/** Gives a wire's messages out one by one while a handshake lasts, then hands the wire over. */
export class FrameReader {
  readonly #wire: Wire;
  readonly #isFrame: (value: unknown) => boolean;
  readonly #waiting: { data: Buffer; isText: boolean }[] = [];
  #closed = false;
  #wake: (() => void) | undefined;
  #next: WireListener | undefined;

  constructor(wire: Wire, isFrame: (value: unknown) => boolean) {
    this.#wire = wire;
    this.#isFrame = isFrame;
    wire.listen({
      message: (data, isText) => {
        if (this.#next !== undefined) this.#next.message(data, isText);
        else if (this.#waiting.length < maxWaiting) this.#waiting.push({ data, isText });
        else this.#wire.close();
        this.#wake?.();
      },
      closed: () => {
        this.#closed = true;
        this.#next?.closed();
        this.#wake?.();
      },
    });
  }

  /** The next frame, in clear text, with its bytes; the other side's `refused` is thrown as the error that it names. */
  async next<K extends LinkFrame["kind"]>(
    kind: K,
  ): Promise<{ frame: Extract<LinkFrame, { kind: K }>; bytes: Buffer }> {
    const { data, isText } = await this.#take();
    if (!isText) throw new ContractError("invalid_request", { message: "A handshake is in clear text." });
    return { frame: this.#expect(kind, data), bytes: data };
  }

  /** As `next`, for a frame that `open` makes readable; the other side may still refuse in clear text. */
  async nextSealed<K extends LinkFrame["kind"]>(kind: K, open: (bytes: Buffer) => Buffer): Promise<void> {
    const { data, isText } = await this.#take();
    this.#expect(isText ? "refused" : kind, isText ? data : open(data));
  }

  async #take(): Promise<{ data: Buffer; isText: boolean }> {
    while (this.#waiting.length === 0) {
      if (this.#closed) throw new ContractError("endpoint_unreachable", { message: cutShort });
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#waiting.shift()!;
  }

  #expect<K extends LinkFrame["kind"]>(kind: K, data: Buffer): Extract<LinkFrame, { kind: K }> {
    const frame = decodeFrame(data, this.#isFrame);
    if (frame.kind === "refused") throw refusalOf(frame);
    if (frame.kind !== kind)
      throw new ContractError("invalid_request", { message: `Not the frame whose turn it is: ${kind}.` });
    return frame as Extract<LinkFrame, { kind: K }>;
  }

  /** From now on the listener gets what comes, what is waiting first. */
  handOver(listener: WireListener): void {
    this.#next = listener;
    for (const { data, isText } of this.#waiting.splice(0)) listener.message(data, isText);
    if (this.#closed) listener.closed();
  }
}

const cutShort = "The connection ended during the handshake.";

/** A frame of a daemon that has proven itself; its size is bounded, and what it carries was bounded where it began. */
export function parseFrame(data: Buffer, isFrame: (value: unknown) => boolean): LinkFrame {
  const value: unknown = isUtf8(data) ? JSON.parse(data.toString("utf8")) : undefined;
  if (!isFrame(value)) throw new ContractError("invalid_request", { message: "Not a frame of a link." });
  return value as LinkFrame;
}

/** Throws `contract_mismatch` for a frame of a contract too different to be read, else a typed error for what is no frame. */
export function decodeFrame(data: Buffer, isFrame: (value: unknown) => boolean): LinkFrame {
  const value = decodeJson(data, maxFrameBytes);
  const { contract } = (value ?? {}) as { contract?: unknown };
  if (typeof contract === "string") checkContract(contract);
  if (!isFrame(value)) throw new ContractError("invalid_request", { message: "Not a frame of a link." });
  return value as LinkFrame;
}

/** What the other side said when it refused. Only codes that a link knows are believed. */
export function refusalOf({ code, message }: { code: string; message: string }): ContractError {
  const known = refusals.find((candidate) => candidate === code);
  return new ContractError(known ?? "endpoint_unreachable", {
    message: known === undefined ? `The other daemon refused the link: ${message}` : message,
  });
}

const refusals = [
  "contract_mismatch",
  "endpoint_not_found",
  "pairing_failed",
  "endpoint_name_taken",
  "quota_exceeded",
  "shutting_down",
  "storage_unavailable",
  "unauthenticated",
] as const;
