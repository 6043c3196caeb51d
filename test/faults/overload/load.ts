import { connect } from "node:net";

export interface LoadSpec {
  port: number;
  connections: number;
  /** The bytes of the n-th request. */
  request(n: number): Buffer;
  milliseconds: number;
  /** The first milliseconds are the onset, in which a burst may be let in whole. */
  onsetMs: number;
  /** Asked after each answer with status 429 or 503: milliseconds to wait before the next request; 0 asks at once. */
  pause?(retryAfterMs: number): number;
}

export interface LoadResult {
  /** Answers by HTTP status. */
  statuses: Map<number, number>;
  sent: number;
  /** Requests whose connection ended without an answer. */
  unanswered: number;
  /** Milliseconds from sending to the whole answer, of those with status 200, in no order; the onset's apart. */
  accepted: number[];
  onset: number[];
  /** Bodies of refusals that were not the contract's error with a time to wait. */
  untyped: string[];
  seconds: number;
}

/** Keeps one request under way on each connection, as fast as the answers come. */
export async function closedLoop(spec: LoadSpec): Promise<LoadResult> {
  const result: LoadResult = {
    statuses: new Map(),
    sent: 0,
    unanswered: 0,
    accepted: [],
    onset: [],
    untyped: [],
    seconds: 0,
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: spec.connections }, () => speak(spec, result, started)));
  result.seconds = (performance.now() - started) / 1000;
  return result;
}

function speak(spec: LoadSpec, result: LoadResult, started: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(spec.port, "127.0.0.1").setNoDelay();
    let sentAt: number | undefined;
    let pending = "";
    const next = (): void => {
      if (performance.now() - started >= spec.milliseconds) {
        socket.end();
        return;
      }
      sentAt = performance.now();
      socket.write(spec.request(result.sent++));
    };
    socket.once("connect", next);
    socket.on("data", (chunk) => {
      pending += chunk.toString("latin1");
      const headEnd = pending.indexOf("\r\n\r\n");
      if (headEnd === -1) return;
      const length = Number(/\r\ncontent-length: ([0-9]+)/i.exec(pending)?.[1] ?? 0);
      if (pending.length < headEnd + 4 + length) return;
      const status = Number(pending.slice(9, 12));
      const body = pending.slice(headEnd + 4, headEnd + 4 + length);
      pending = pending.slice(headEnd + 4 + length);
      const began = sentAt ?? 0;
      const elapsed = performance.now() - began;
      sentAt = undefined;
      result.statuses.set(status, (result.statuses.get(status) ?? 0) + 1);
      if (status === 200) {
        (began - started < spec.onsetMs ? result.onset : result.accepted).push(elapsed);
        next();
        return;
      }
      const wait = retryAfter(body);
      if (wait === undefined) result.untyped.push(`${status} ${body.slice(0, 200)}`);
      const pause = spec.pause?.(wait ?? 0) ?? 0;
      if (pause === 0) next();
      else setTimeout(next, pause);
    });
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (sentAt !== undefined) result.unanswered += 1;
      resolve();
    });
  });
}

/** The time to wait that a refusal names; undefined when it is not the contract's retryable error. */
function retryAfter(body: string): number | undefined {
  try {
    const { retryable, retry_after_ms: wait, request_id: id } = JSON.parse(body);
    return retryable === true && Number.isInteger(wait) && typeof id === "string" ? wait : undefined;
  } catch {
    return undefined;
  }
}

/** The value below which a share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
