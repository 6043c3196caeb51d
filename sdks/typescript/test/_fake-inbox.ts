import { randomUUID } from "node:crypto";
import { type FakeDaemon, Fault } from "./_fake-daemon.js";

interface Emitted {
  kind: string;
  [field: string]: unknown;
}

/** A session's inbox behind a fake daemon: leases, claims, events and settlements. */
export class FakeInbox {
  readonly emitted = new Map<string, Emitted[]>();
  readonly settled = new Map<string, { kind: string; [field: string]: unknown }>();
  readonly responses: Record<string, unknown>[] = [];
  readonly opens: Record<string, unknown>[] = [];
  readonly drained: Record<string, unknown>[] = [];
  /** What the next emits are answered instead; nothing of them is kept. */
  readonly emitRefusals: Fault[] = [];
  /** Keys of emits; a repeat appends nothing. */
  readonly #keys = new Set<string>();
  readonly #waiting: object[] = [];
  readonly #arrivals = new Set<() => void>();
  /** What the next settlements are answered instead. */
  readonly refusals: Fault[] = [];
  /** Claim tokens that are over. */
  readonly lost = new Set<string>();
  readonly claims = new Map<string, string>();
  /** Interactions whose senders asked to cancel; a drain tells each once. */
  readonly #cancelled = new Set<string>();
  #untold: string[] = [];
  /** Answers to questions; a drain returns them until one acknowledges them. */
  #answers: { envelope_id: string; [field: string]: unknown }[] = [];
  drains = 0;
  maxAsked = 0;

  constructor(daemon: FakeDaemon) {
    daemon.on("sessions/open", (params) => {
      this.opens.push(params);
      return { session: { session_id: "s", name: params.name }, lease: { token: params.lease_token } };
    });
    daemon.on("sessions/drain", (params) => {
      this.drained.push(params);
      const received = (params.answers_received ?? []) as string[];
      this.#answers = this.#answers.filter(({ envelope_id }) => !received.includes(envelope_id));
      return this.#drain(Number(params.max ?? 1), params.claim_token);
    });
    daemon.on("sessions/emit", ({ claim_token, interaction_id, events, idempotency_key: key }) => {
      if (this.lost.has(String(claim_token))) return new Fault("fence_stale", {}, 409);
      const refusal = this.emitRefusals.shift();
      if (refusal !== undefined) return refusal;
      const answer = { last_sequence: 1, claim_expires_at: "2026-11-21T09:30:00.000Z" };
      if (this.#keys.has(String(key))) return answer;
      this.#keys.add(String(key));
      const known = this.emitted.get(String(interaction_id)) ?? [];
      this.emitted.set(String(interaction_id), [...known, ...(events as Emitted[])]);
      this.#wake();
      const cancel = this.#cancelled.has(String(interaction_id)) ? { cancel_requested: true } : {};
      return { ...answer, ...cancel };
    });
    daemon.on("sessions/settle", ({ claim_token, interaction_id, outcome }) => {
      if (this.lost.has(String(claim_token))) return new Fault("fence_stale", {}, 409);
      const refusal = this.refusals.shift();
      if (refusal !== undefined) return refusal;
      this.settled.set(String(interaction_id), outcome as { kind: string });
      this.#wake();
      return { settled: true, already_settled: false };
    });
    daemon.on("comms/send", (params, { headers }) => {
      const delivery = { state: "delivered", at: "2026-11-21T09:30:00.000Z", attempt: 1 };
      this.responses.push({ ...params, as: headers["parley-session"] });
      return {
        kind: "peer_response_sent",
        envelope_id: "e",
        in_reply_to: "i",
        delivery,
        deduplicated: false,
      };
    });
  }

  /** Puts a request into the inbox, or one again; returns its id. */
  add(more: object = {}, interaction_id: string = randomUUID()): string {
    this.#waiting.push({
      kind: "peer_request",
      interaction_id,
      envelope_id: randomUUID(),
      from: "asker",
      received_at: "2026-11-21T09:30:00.000Z",
      attempt: 1,
      stream_reserved: true,
      handling: "queue",
      intent: "ask",
      params: {},
      ...more,
    });
    this.#wake();
    return interaction_id;
  }

  /** The sender asks to cancel; a drain that waits hears of it unless it is to be `silent`. */
  cancel(id: string, silent = false): void {
    this.#cancelled.add(id);
    if (!silent) this.#untold.push(id);
    this.#wake();
  }

  /** The sender answers a question of the interaction. */
  answer(interaction_id: string, request_id: string, body: string): void {
    const received_at = "2026-11-21T09:30:00.000Z";
    const said = { from: "asker", command: "peer_message", body, received_at };
    this.#answers.push({ interaction_id, request_id, envelope_id: randomUUID(), ...said });
    this.#wake();
  }

  /** Answers that no drain has acknowledged. */
  get unacknowledged(): number {
    return this.#answers.length;
  }

  /** Resolves with the interaction's questions when it has at least `count` of them. */
  async questions(id: string, count = 1): Promise<Emitted[]> {
    for (;;) {
      const asked = (this.emitted.get(id) ?? []).filter(({ kind }) => kind === "interaction_input_required");
      if (asked.length >= count) return asked;
      await this.#next();
    }
  }

  /** Resolves when the interaction is settled. */
  async outcome(id: string): Promise<{ kind: string; [field: string]: unknown }> {
    for (;;) {
      const outcome = this.settled.get(id);
      if (outcome !== undefined) return outcome;
      await this.#next();
    }
  }

  kinds(id: string): string[] {
    return (this.emitted.get(id) ?? []).map(({ kind }) => kind);
  }

  /** The text that was appended to the interaction. */
  text(id: string): string {
    const deltas = (this.emitted.get(id) ?? []).filter(({ kind }) => kind === "text_delta");
    return deltas.map(({ delta }) => delta).join("");
  }

  async #drain(max: number, minted: unknown): Promise<object> {
    this.drains += 1;
    this.maxAsked = Math.max(this.maxAsked, max);
    while (
      (max === 0 || this.#waiting.length === 0) &&
      this.#untold.length === 0 &&
      this.#answers.length === 0
    )
      await this.#next();
    if (this.#untold.length > 0) return { interactions: [], cancel_requested: this.#untold.splice(0) };
    const answers = this.#answers.length > 0 ? { answers: [...this.#answers] } : {};
    const interactions = this.#waiting.splice(0, max);
    if (interactions.length === 0) return { interactions, ...answers };
    const token = typeof minted === "string" ? minted : randomUUID();
    for (const one of interactions)
      this.claims.set((one as { interaction_id: string }).interaction_id, token);
    const expires_at = new Date(Date.now() + 45_000).toISOString();
    return { claim: { token, expires_at }, interactions, ...answers };
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#arrivals.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#arrivals) resolve();
    this.#arrivals.clear();
  }
}
