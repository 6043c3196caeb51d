import {
  type CommsStreamEvent,
  createClient,
  type Parley,
  ParleyError,
} from "../../../sdks/typescript/src/index.js";
import type { TestDaemon } from "../../support/daemon.js";
import type { Seeded } from "../kit/seeded.js";
import type { Asked } from "./judge.js";
import { bodyOf, type Work } from "./work.js";

/** Requests of one host that are open at once, at most. */
const openAtOnce = 2;

/** Sends work to hosts, each request until it is acknowledged, and reads what became of it. */
export class Asker {
  readonly asked: Asked[] = [];
  readonly #client: Parley;
  readonly #random: Seeded;
  readonly #sending = new Set<Promise<void>>();
  readonly #ended = new Set<string>();
  #count = 0;

  constructor(daemon: TestDaemon, random: Seeded) {
    this.#client = createClient({ socketPath: daemon.socketPath, timeout: 5_000 });
    this.#random = random;
  }

  /** Sends one request to each host that has room for it, all at once. */
  ask(hosts: readonly string[], longestMs: number): void {
    for (const to of hosts) {
      const open = this.asked.filter((one) => one.to === to && !this.#ended.has(one.interactionId));
      if (open.length >= openAtOnce) continue;
      const sending = this.#send(to, this.#work(longestMs)).finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
    }
  }

  /** Looks which of the requests have ended. */
  async look(): Promise<void> {
    for (const { interactionId } of this.asked) {
      if (this.#ended.has(interactionId)) continue;
      const events = await this.read(interactionId);
      if (events.some(({ event }) => isTerminal(event.kind))) this.#ended.add(interactionId);
    }
  }

  /** Requests without an end. */
  get open(): number {
    return this.asked.length - this.#ended.size;
  }

  async sent(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  /** All events of an interaction. */
  async read(interactionId: string): Promise<CommsStreamEvent[]> {
    return insist(async () => {
      const events: CommsStreamEvent[] = [];
      const scope = { kind: "interaction", interaction_id: interactionId } as const;
      const stream = this.#client.stream(scope, { afterSequence: 0, follow: false });
      for await (const event of stream) events.push(event as CommsStreamEvent);
      return events;
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #send(to: string, work: Work): Promise<void> {
    const idempotencyKey = `work-${this.#count++}`;
    const command = { kind: "peer_request", to, intent: "work", params: { body: bodyOf(work) } } as const;
    const stream = this.#random.chance(0.5) ? "reserve_interaction" : "none";
    const receipt = await insist(() => this.#client.send({ ...command, stream }, { idempotencyKey }));
    const { interaction_id: interactionId } = receipt as { interaction_id: string };
    this.asked.push({ interactionId, to, work });
  }

  #work(longestMs: number): Work {
    const random = this.#random;
    const pieces = random.between(1, 40);
    const pauseMs = Math.min(random.pick([20, 100, 400, 1_000]), Math.ceil(longestMs / pieces));
    return { pieces, pauseMs, bytes: random.chance(0.1) ? 20_000 : 0 };
  }
}

export function isTerminal(kind: string): boolean {
  return kind === "interaction_complete" || kind === "interaction_failed";
}

/** The same call until the daemon answers it. */
async function insist<T>(call: () => PromiseLike<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ParleyError) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
