import type { Environment } from "./environment.js";
import { clientError } from "./errors.js";

export interface AskOptions {
  /** JSON Schema that the answer should fit; the reader of the question sees it. */
  schema?: unknown;
  /** Milliseconds to wait for the answer; default: as long as the turn lasts. */
  timeout?: number;
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** Names the question; default: an id that follows from the interaction, the text and how often it was asked. */
  requestId?: string;
}

/** The questions of one turn and the answers that have come. */
export class TurnQuestions {
  readonly #interactionId: string;
  readonly #environment: Environment;
  readonly #answers = new Map<string, string>();
  readonly #waiting = new Map<string, Set<(answer: string) => void>>();
  /** How often each text was asked. */
  readonly #asked = new Map<string, number>();
  #lastId = Promise.resolve("");

  constructor(interactionId: string, environment: Environment) {
    this.#interactionId = interactionId;
    this.#environment = environment;
  }

  /**
   * The id of the next question with this text. A handler that runs again, because its first host was lost, asks under the
   * same ids, so that an answer which came meanwhile is not lost.
   */
  nextId(text: string): Promise<string> {
    const count = (this.#asked.get(text) ?? 0) + 1;
    this.#asked.set(text, count);
    // One after the other, so that questions are asked in the order of the calls.
    this.#lastId = this.#lastId.then(
      async () => (await namedUuid(this.#interactionId, `${count} ${text}`)) ?? this.#environment.uuid(),
    );
    return this.#lastId;
  }

  /** The answer that has come already. */
  answer(requestId: string): string | undefined {
    return this.#answers.get(requestId);
  }

  /** The first answer of a question counts. */
  take(requestId: string, answer: string): void {
    if (this.#answers.has(requestId)) return;
    this.#answers.set(requestId, answer);
    for (const resolve of this.#waiting.get(requestId) ?? []) resolve(answer);
    this.#waiting.delete(requestId);
  }

  /** Resolves with the answer; rejects with the reason of the first signal that aborts, and after the time. */
  async wait(requestId: string, signals: readonly AbortSignal[], timeout?: number): Promise<string> {
    const over = new AbortController();
    const signal = AbortSignal.any([...signals, over.signal]);
    const resolvers = this.#waiting.get(requestId) ?? new Set();
    this.#waiting.set(requestId, resolvers);
    let waiter: ((answer: string) => void) | undefined;
    try {
      return await new Promise<string>((resolve, reject) => {
        waiter = resolve;
        resolvers.add(resolve);
        const known = this.#answers.get(requestId);
        if (known !== undefined) return resolve(known);
        if (signal.aborted) return reject(signal.reason);
        signal.addEventListener("abort", () => reject(signal.reason));
        if (timeout === undefined) return;
        const late = clientError("deadline_exceeded", `The question had no answer within ${timeout} ms.`);
        void this.#environment.delay(timeout, signal).then(() => reject(late));
      });
    } finally {
      if (waiter !== undefined) resolvers.delete(waiter);
      over.abort();
    }
  }
}

/** The UUID of version 5; undefined in a page without the means, which a browser gives to secure origins only. */
async function namedUuid(namespace: string, name: string): Promise<string | undefined> {
  if (crypto.subtle === undefined) return undefined;
  const space = namespace.replaceAll("-", "").match(/../g) ?? [];
  const text = new TextEncoder().encode(name);
  const input = new Uint8Array([...space.map((pair) => Number.parseInt(pair, 16)), ...text]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", input)).slice(0, 16);
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
