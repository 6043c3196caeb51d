import type { CommsStreamEvent, CommsStreamResponse } from "../generated/types.js";
import type { Environment } from "./environment.js";
import { clientError, errorFrom } from "./errors.js";
import type { StreamEntry } from "./operation.js";
import type { ParleyError } from "./parley-error.js";
import { backoff, passes } from "./retry.js";
import { toParleyError } from "./rpc-message.js";
import type { ClosedPayload, StreamSource } from "./stream-source.js";

/** A stream's request as the loop below changes it. */
export type StreamRequest = Readonly<Record<string, unknown>>;

/** Fields of the stream's request and events, as the contract declares them. */
export type StreamFields = Pick<StreamEntry, "cursor" | "position" | "resume" | "follow" | "terminal">;

export interface EventStreamDeps {
  facts: StreamFields;
  open(request: StreamRequest, signal: AbortSignal): Promise<StreamSource>;
  readEvent(value: unknown): unknown;
  readOpened(value: unknown): unknown;
  environment: Environment;
  /** Tries after the first to open it at all. */
  retries: number;
  reconnectTimeout: number;
  signal: AbortSignal | undefined;
}

interface WireEvent {
  readonly [field: string]: unknown;
  event?: { kind?: string; to_sequence?: number };
}

const longestPoll = 5_000;

/**
 * A log as an async iterator: every event once and in order, over dropped connections and restarts of the daemon. It
 * opens at once; `opened` has the daemon's answer. Leaving a `for await` loop closes it.
 */
export class EventStream<Event = CommsStreamEvent, Opened = CommsStreamResponse>
  implements AsyncIterableIterator<Event>, AsyncDisposable
{
  readonly #deps: EventStreamDeps;
  readonly #request: StreamRequest;
  readonly #stop = new AbortController();
  readonly #events: AsyncGenerator<Event, void>;
  readonly #first: Promise<StreamSource>;
  readonly #onSignal = (): void => {
    void this.#halt(true);
  };
  #source: StreamSource | undefined;
  #cursor: number | undefined;
  #streamId: string | undefined;
  #failures = 0;
  #polls = 0;
  /** The reservation is over: the rest is fetched by bounded reads. */
  #bounded = false;
  #terminal = false;
  #closed: ClosedPayload | undefined;
  /** It has a last event. */
  readonly #ends: boolean;

  /** The daemon's answer to the first open call. */
  readonly opened: Promise<Opened>;

  /** @private Internal code, does not follow semantic versioning. */
  constructor(request: StreamRequest, deps: EventStreamDeps) {
    this.#request = request;
    this.#deps = deps;
    const { cursor, terminal } = deps.facts;
    this.#cursor = cursor === null ? undefined : (request[cursor] as number | undefined);
    const scope = request.scope as { kind?: string } | undefined;
    this.#ends = terminal !== null && (terminal.scope === null || terminal.scope === scope?.kind);
    this.#first = this.#openFirst();
    this.opened = this.#first.then((source) => deps.readOpened(source.opened) as Opened);
    this.opened.catch(() => {});
    this.#events = this.#run();
    if (deps.signal?.aborted) this.#onSignal();
    else deps.signal?.addEventListener("abort", this.#onSignal);
  }

  /** How the daemon ended the stream; undefined before that, and when this side closed it. */
  get closed(): { stream_id: string; reason: string; error_code?: string } | undefined {
    return this.#closed;
  }

  /** Position of the last event that was read: the `after_sequence` of a stream that goes on here. */
  get lastSequence(): number | undefined {
    return this.#cursor;
  }

  next(): Promise<IteratorResult<Event, void>> {
    return this.#events.next();
  }

  /** Closes the stream. */
  async return(): Promise<IteratorResult<Event, void>> {
    await this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Ends the stream for good: an interaction's reservation is given up. Safe to repeat. */
  async close(): Promise<void> {
    await this.#halt(false);
  }

  /** Ends the stream here but keeps the interaction's reservation for a while, so that another reader may resume. */
  async detach(): Promise<void> {
    await this.#halt(true);
  }

  async #halt(keep: boolean): Promise<void> {
    this.#deps.signal?.removeEventListener("abort", this.#onSignal);
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    if (keep) this.#source?.drop();
    else if (this.#closed === undefined) await this.#source?.close();
  }

  async *#run(): AsyncGenerator<Event, void> {
    try {
      await this.#first;
      while (!this.#stop.signal.aborted) {
        const frame = await this.#source?.next();
        if (this.#stop.signal.aborted) break;
        if (frame === null || frame === undefined) {
          if (this.#terminal || !(await this.#reopen())) return;
        } else if (frame.kind === "closed") {
          this.#source?.drop();
          if (!(await this.#goesOn(frame.value))) return;
        } else if (this.#isNew(frame.value as WireEvent)) {
          yield this.#deps.readEvent(frame.value) as Event;
        }
      }
      if (this.#deps.signal?.aborted)
        throw clientError("request_cancelled", undefined, this.#deps.signal.reason);
    } catch (error) {
      if (this.#stop.signal.aborted && !this.#deps.signal?.aborted) return;
      throw error;
    } finally {
      this.#source?.drop();
      this.#deps.signal?.removeEventListener("abort", this.#onSignal);
    }
  }

  /** Moves the cursor; false for an event that was seen before. */
  #isNew(wire: WireEvent): boolean {
    const { cursor, position, terminal } = this.#deps.facts;
    const { event } = wire;
    this.#failures = 0;
    this.#polls = 0;
    if (this.#ends && terminal?.kinds.includes(event?.kind ?? "")) this.#terminal = true;
    if (cursor === null || position === null) return true;
    const sequence = wire[position] as number | undefined;
    if (sequence === undefined) {
      this.#cursor = Math.max(this.#cursor ?? 0, event?.to_sequence ?? 0);
      return true;
    }
    if (this.#cursor !== undefined && sequence <= this.#cursor) return false;
    this.#cursor = sequence;
    return true;
  }

  /** What a `stream_closed` means: true to read on from a new source, false at the end; throws a failure. */
  async #goesOn(closed: ClosedPayload): Promise<boolean> {
    switch (closed.reason) {
      case "shutdown":
        return this.#terminal ? false : this.#reopen();
      case "drained":
        if (this.#bounded && !this.#terminal) {
          await this.#deps.environment.delay(
            Math.min(longestPoll, 10 * backoff(this.#polls++, this.#deps.environment.random)),
            this.#stop.signal,
          );
          return this.#reopen(true);
        }
        break;
      case "superseded":
        this.#closed = closed;
        throw clientError("stream_closed", "Another stream took over with `resume_of`.");
      case "revoked":
        this.#closed = closed;
        throw clientError("unauthenticated", "The credentials of this stream were revoked.");
      case "error": {
        const code = closed.error_code ?? "internal";
        const failure = errorFrom({ code, message: `The daemon ended the stream: ${code}.` });
        this.#closed = closed;
        throw failure;
      }
    }
    this.#closed = closed;
    return false;
  }

  async #openFirst(): Promise<StreamSource> {
    const { environment, retries } = this.#deps;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attach({ ...this.#request, ...this.#bound() });
      } catch (error) {
        const failure = toParleyError(error);
        if (attempt > 0 && this.#isOver(failure)) {
          // An attach whose answer was lost has used the reservation up.
          this.#bounded = true;
          continue;
        }
        if (attempt >= retries || !passes(failure) || this.#stop.signal.aborted) throw failure;
        await environment.delay(
          Math.max(backoff(attempt, environment.random), failure.retryAfterMs ?? 0),
          this.#stop.signal,
        );
      }
    }
  }

  /** A new source from the cursor on; false when the stream was closed meanwhile. */
  async #reopen(now = false): Promise<boolean> {
    const { environment, reconnectTimeout, facts } = this.#deps;
    const { cursor, resume } = facts;
    const started = environment.now();
    let resumeOf = this.#streamId;
    for (let wait = !now; ; wait = true) {
      if (wait) await environment.delay(backoff(this.#failures++, environment.random), this.#stop.signal);
      if (this.#stop.signal.aborted) return false;
      try {
        await this.#attach({
          ...this.#request,
          ...(cursor === null || this.#cursor === undefined ? {} : { [cursor]: this.#cursor }),
          ...(this.#bounded
            ? this.#bound()
            : resume === null || resumeOf === undefined
              ? {}
              : { [resume]: resumeOf }),
        });
        return true;
      } catch (error) {
        if (this.#stop.signal.aborted) return false;
        const failure = toParleyError(error);
        if (failure.code === "stream_not_found" && resumeOf !== undefined) {
          // A restarted daemon does not know the old stream.
          resumeOf = undefined;
        } else if (this.#isOver(failure)) {
          // Its end was on the wire when the connection went, or the reservation ran out meanwhile.
          this.#bounded = true;
        } else if (!this.#mayPass(failure) || environment.now() - started > reconnectTimeout) {
          throw failure;
        }
      }
    }
  }

  async #attach(request: StreamRequest): Promise<StreamSource> {
    const source = await this.#deps.open(request, this.#stop.signal);
    if (this.#stop.signal.aborted) {
      source.drop();
      throw clientError("stream_closed", "The stream was closed while it was opened.");
    }
    this.#source = source;
    const opened = source.opened as { stream_id: string; snapshot?: { last_sequence?: number } };
    this.#streamId = opened.stream_id;
    // A session is read from now on unless a position was named: from here on the position is known.
    if (this.#deps.facts.cursor !== null) this.#cursor ??= this.#ends ? 0 : opened.snapshot?.last_sequence;
    return source;
  }

  #isOver(failure: ParleyError): boolean {
    return (
      failure.code === "not_reserved" && this.#ends && this.#deps.facts.follow !== null && !this.#bounded
    );
  }

  #mayPass(failure: ParleyError): boolean {
    return passes(failure) || failure.code === "already_attached";
  }

  /** The field that asks for a bounded read; none before the reservation is over. */
  #bound(): Record<string, boolean> {
    const { follow } = this.#deps.facts;
    return this.#bounded && follow !== null ? { [follow]: false } : {};
  }
}
