import type { StreamScope } from "../../../generated/types.js";
import type { PrincipalId } from "../../../kernel/principal.js";
import type { LogStream } from "./log-stream.js";

/** Ended streams whose closing may be repeated. */
const remembered = 10_000;

/** An open stream and who opened it. */
export interface HeldStream {
  readonly streamId: string;
  readonly connectionId: string;
  readonly principal: PrincipalId;
  readonly scope: StreamScope;
  readonly stream: LogStream;
}

/** The open streams of all connections, and for a while the ended ones. */
export class Streams {
  readonly #open = new Map<string, HeldStream>();
  /** Connection by stream, oldest first. */
  readonly #ended = new Map<string, string>();
  readonly #readers = new Map<string, number>();

  get size(): number {
    return this.#open.size;
  }

  get(streamId: string): HeldStream | undefined {
    return this.#open.get(streamId);
  }

  /** The connection of a stream that ended. */
  endedBy(streamId: string): string | undefined {
    return this.#ended.get(streamId);
  }

  /** Somebody follows the session's log now. */
  isRead(sessionId: string): boolean {
    return this.#readers.has(sessionId);
  }

  add(held: HeldStream): void {
    this.#open.set(held.streamId, held);
    this.#count(held.scope, 1);
  }

  remove(streamId: string): void {
    const held = this.#open.get(streamId);
    if (held === undefined) return;
    this.#open.delete(streamId);
    this.#count(held.scope, -1);
    this.#ended.set(streamId, held.connectionId);
    if (this.#ended.size > remembered) {
      const [oldest] = this.#ended.keys();
      this.#ended.delete(oldest!);
    }
  }

  /** Ends all streams because the daemon stops. */
  shutDown(): void {
    for (const { stream } of [...this.#open.values()]) stream.end("shutdown");
  }

  #count(scope: StreamScope, by: 1 | -1): void {
    if (scope.kind !== "session") return;
    const count = (this.#readers.get(scope.session_id) ?? 0) + by;
    if (count > 0) this.#readers.set(scope.session_id, count);
    else this.#readers.delete(scope.session_id);
  }
}
