import type { LinkFrame } from "../../generated/types.js";
import type { Clock } from "../../kernel/clock.js";
import { maxFrameBytes, type Wire } from "../../kernel/wire.js";
import { decodeFrame, parseFrame, refusalOf } from "./frame-reader.js";
import type { LinkShaken } from "./handshake.js";
import type { OwnKey } from "./key-ring.js";
import type { Role } from "./sealed-frames.js";

const pingMs = 15_000;
/** Pings without any frame in between that end the link. */
const missedPings = 2;
/** What sealing adds to a frame. */
const sealBytes = 16;

export interface LinkOptions {
  wire: Wire;
  clock: Clock;
  role: Role;
  shaken: LinkShaken;
  isFrame: (value: unknown) => boolean;
  received(link: Link, frame: LinkFrame): void;
  /** `error` says why when it was not this side that closed it. */
  ended(link: Link, error: Error | undefined): void;
}

/** One live connection to a paired daemon: frames both ways, each once and in order, or the end of it. */
export class Link {
  readonly endpointId: string;
  /** Which side dialled. */
  readonly role: Role;
  /** The newest of this side's keys that the other one knows. */
  ownKey: OwnKey;
  /** What the other side said when the link began. */
  readonly hello: LinkShaken["peer"];
  readonly #options: LinkOptions;
  #pairSeq: number;
  #silent = 0;
  #stopPing: () => void = () => {};
  #ended = false;

  constructor(options: LinkOptions) {
    const { shaken, role } = options;
    this.#options = options;
    this.role = role;
    this.hello = shaken.peer;
    this.endpointId = shaken.peer.daemon_id;
    this.ownKey = shaken.ownKey;
    this.#pairSeq = shaken.peer.last_pair_seq;
  }

  /** Begins to hand over frames. */
  start(): void {
    this.#ping();
    this.#options.shaken.reader.handOver({
      message: (data, isText) => this.#message(data, isText),
      closed: () => this.#end(undefined),
    });
  }

  /** The next number for an envelope; above all that the other side has taken. */
  nextPairSeq(): number {
    this.#pairSeq += 1;
    return this.#pairSeq;
  }

  /** False when the link is over, or would be: a frame that is too large or wrong ends it at the other side. */
  send(frame: LinkFrame): boolean {
    if (this.#ended || !this.#options.isFrame(frame)) return false;
    const text = JSON.stringify(frame);
    if (Buffer.byteLength(text) + sealBytes > maxFrameBytes) return false;
    this.#options.wire.send(this.#options.shaken.sealed.seal(text));
    return true;
  }

  close(): void {
    this.#end(undefined);
  }

  #message(data: Buffer, isText: boolean): void {
    if (this.#ended) return;
    this.#silent = 0;
    let frame: LinkFrame;
    try {
      const { isFrame, shaken } = this.#options;
      frame = isText ? decodeFrame(data, isFrame) : parseFrame(shaken.sealed.open(data), isFrame);
    } catch (thrown) {
      this.#end(thrown as Error);
      return;
    }
    if (frame.kind === "pong") return;
    if (frame.kind === "ping") this.send({ kind: "pong" });
    // In clear text the other side can only say that it does not take this side's proof.
    else if (isText)
      this.#end(frame.kind === "refused" ? refusalOf(frame) : new Error("a frame in clear text"));
    else this.#options.received(this, frame);
  }

  #ping(): void {
    this.#stopPing = this.#options.clock.after(pingMs, () => {
      if (this.#silent === missedPings) {
        this.#end(new Error("the other daemon shows no sign of life"));
        return;
      }
      this.#silent += 1;
      this.send({ kind: "ping" });
      this.#ping();
    });
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopPing();
    this.#options.wire.close();
    this.#options.ended(this, error);
  }
}
