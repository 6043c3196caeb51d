import type { Claim, HostEvent, InboxInteraction, Outcome } from "../generated/types.js";
import type { Calls } from "./calls.js";
import type { Environment } from "./environment.js";
import { clientError } from "./errors.js";
import { ParleyError } from "./parley-error.js";
import { passes } from "./retry.js";
import { cutText, type TurnEvent, TurnEvents } from "./turn-events.js";
import type { UnknownVariant } from "./unknown-variant.js";

/** An interaction of a kind that this SDK knows. */
export type Interaction = Exclude<InboxInteraction, UnknownVariant>;

export interface Failure {
  /** Default `executor_error`. */
  code?: "cancelled" | "timeout" | "rejected" | "executor_error";
  /** Sending it again may work; default false. */
  retryable?: boolean;
}

export interface TurnDeps {
  calls: Calls;
  environment: Environment;
  /** The hosted session. */
  name: string;
}

/** Tries of a host's own calls: over half a minute, enough for a restart of the daemon. */
const retries = 12;
const longestText = 262_144;
const cancelledText = "It was cancelled by its sender.";
/** Codes that end a turn: what it would still say has no place any more. */
const over: ReadonlySet<string> = new Set(["fence_stale", "interaction_not_found", "interaction_ended"]);

/** A handler's work on one interaction: what it says, and how it ends. */
export class Turn {
  /** The `turn_id` of this turn's events. */
  readonly id: string;
  readonly interaction: Interaction;
  readonly #deps: TurnDeps;
  readonly #claim: Claim;
  readonly #over = new AbortController();
  #lost: { reason: unknown } | undefined;
  #cancelled = false;
  readonly #events: TurnEvents;
  #text = "";
  #started = false;
  /** The whole text was said. */
  #told = false;
  #completed = false;
  #outcome: "none" | "under way" | "settled" = "none";
  #emitted = false;

  /** @private Internal code, does not follow semantic versioning. */
  constructor(interaction: Interaction, claim: Claim, deps: TurnDeps) {
    this.id = deps.environment.uuid();
    this.interaction = interaction;
    this.#claim = claim;
    this.#deps = deps;
    this.#events = new TurnEvents((events) => this.#append(events));
  }

  /**
   * Aborts when nobody wants the work any more: its sender cancelled it, the claim is lost, or the interaction ended
   * otherwise. A handler that then throws, or returns nothing, ends a cancelled turn as `cancelled`.
   */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The sender asked to cancel; the turn can still end as it likes. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** @private Why what it would still say has no place any more. */
  get lost(): { readonly reason: unknown } | undefined {
    return this.#lost;
  }

  /** True once the handler's work has its outcome. */
  get settled(): boolean {
    return this.#outcome !== "none";
  }

  /** Emits a piece of the answer's text; resolves when it is durable. */
  async text(delta: string): Promise<void> {
    this.#text += delta;
    await Promise.all(cutText(delta).map((piece) => this.emit({ kind: "text_delta", delta: piece })));
  }

  /**
   * Emits an event; resolves when it is durable. A `turn_completed` with usage or a reason takes the place of the one that
   * the turn ends with by itself, the whole text before it.
   */
  emit(event: TurnEvent): Promise<void> {
    if (event.kind === "turn_started") this.#started = true;
    else this.#start();
    if (event.kind === "text_complete") this.#told = true;
    if (event.kind === "turn_completed") {
      this.#tell();
      this.#completed = true;
    }
    const needsTurn = event.kind !== "interaction_input_required" && event.kind !== "peer_content_ingested";
    const withTurn = needsTurn && event.kind !== "extension" ? { turn_id: this.id, ...event } : event;
    return this.#events.push(withTurn as HostEvent);
  }

  /** Ends the interaction well. A handler's return value does the same. */
  async reply(result: unknown = null): Promise<void> {
    this.#take();
    await this.#complete();
    const { interaction } = this;
    try {
      if (interaction.kind === "peer_request") await this.#respond("completed", result);
      await this.#settle(interaction.kind === "peer_request" ? { kind: "done" } : { kind: "done", result });
    } catch (error) {
      // An answer that is refused would be refused again each time: the work can only fail.
      if (this.#lost === undefined && error instanceof ParleyError && !passes(error))
        await this.#dead({
          code: "executor_error",
          message: `${error.code}: ${error.message}`.slice(0, 4096),
          retryable: false,
        });
      throw error;
    }
  }

  /** Ends the interaction without a result. A handler that throws does the same. */
  async fail(message: string, { code = "executor_error", retryable = false }: Failure = {}): Promise<void> {
    this.#take();
    await this.#complete();
    await this.#dead({ code, message: message.slice(0, 4096), retryable });
  }

  /** Gives the interaction back, to be offered again after `delayMs`. */
  async retryAfter(delayMs: number): Promise<void> {
    this.#take();
    await this.#events.flush();
    await this.#settle({ kind: "retry_after", delay_ms: delayMs });
  }

  /** @private Ends a turn whose handler returned without an outcome. */
  async finish(value: unknown): Promise<void> {
    if (this.settled) return;
    if (this.#cancelled && value === undefined) return this.fail(cancelledText, { code: "cancelled" });
    await this.reply(value === undefined ? (this.#text === "" ? null : this.#text) : value);
  }

  /** @private Renews the claim when the handler says nothing for long. */
  async keepAlive(over: AbortSignal): Promise<void> {
    const life = Math.min(60_000, Math.max(2_000, Date.parse(this.#claim.expires_at) - Date.now()));
    while (!over.aborted && this.#lost === undefined) {
      this.#emitted = false;
      await this.#deps.environment.delay(life / 3, over);
      if (over.aborted || this.#emitted || this.#outcome !== "none") continue;
      const beat: HostEvent = { kind: "extension", namespace: "parley", name: "working", data: null };
      await this.#events.push(beat).catch(() => {});
    }
  }

  /** @private Makes the turn void. */
  abandon(reason: unknown): void {
    this.#lost ??= { reason };
    this.#over.abort(reason);
  }

  /** @private The sender asked to cancel. */
  cancel(): void {
    this.#cancelled = true;
    this.#over.abort(clientError("request_cancelled", cancelledText));
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#events.push({ kind: "turn_started", turn_id: this.id });
  }

  #take(): void {
    if (this.#outcome !== "none")
      throw clientError("interaction_ended", "This turn already has its outcome.");
    this.#outcome = "under way";
  }

  /** Closes the turn's events. */
  async #complete(): Promise<void> {
    if (this.#started && !this.#completed) {
      this.#tell();
      void this.#events.push({ kind: "turn_completed", turn_id: this.id });
    }
    await this.#events.flush();
    if (this.#lost !== undefined) throw this.#lost.reason;
  }

  #tell(): void {
    if (this.#told || this.#text === "" || this.#text.length > longestText) return;
    this.#told = true;
    void this.#events.push({ kind: "text_complete", turn_id: this.id, text: this.#text });
  }

  async #dead(reason: Required<Failure> & { message: string }): Promise<void> {
    const { interaction } = this;
    // Who cancelled it does not wait for an answer.
    const answers = interaction.kind === "peer_request" && reason.code !== "cancelled";
    if (answers && !interaction.stream_reserved) {
      // Nobody reads this interaction's events: the answer goes to the sender's inbox.
      await this.#respond("failed", reason);
      await this.#settle({ kind: "done" });
    } else await this.#settle({ kind: "dead", ...reason });
  }

  async #append(events: HostEvent[]): Promise<void> {
    this.#emitted = true;
    const { cancel_requested } = await this.#guard(
      this.#deps.calls.unary(
        "sessions.emit",
        {
          name: this.#deps.name,
          claim_token: this.#claim.token,
          interaction_id: this.interaction.interaction_id,
          events,
        },
        { retries },
      ),
    );
    if (cancel_requested) this.cancel();
  }

  async #respond(status: "completed" | "failed", result: unknown): Promise<void> {
    const { from, interaction_id } = this.interaction;
    const command = { kind: "peer_response", to: from, in_reply_to: interaction_id, status, result } as const;
    const { name } = this.#deps;
    try {
      await this.#deps.calls.unary("comms.send", command, { session: name, retries });
    } catch (error) {
      // The handler answered by itself, or an earlier attempt did: only the settling is left.
      if (!(error instanceof ParleyError) || error.code !== "interaction_ended") throw error;
    }
  }

  async #settle(outcome: Outcome): Promise<void> {
    const { interaction_id } = this.interaction;
    const request = { name: this.#deps.name, claim_token: this.#claim.token, interaction_id, outcome };
    await this.#guard(this.#deps.calls.unary("sessions.settle", request, { retries }));
    this.#outcome = "settled";
  }

  async #guard<T>(call: PromiseLike<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof ParleyError && over.has(error.code)) this.abandon(error);
      throw error;
    }
  }
}
