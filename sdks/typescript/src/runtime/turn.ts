import type { Claim, HostEvent, InboxInteraction, Outcome } from "../generated/types.js";
import type { Calls } from "./calls.js";
import type { Environment } from "./environment.js";
import { clientError } from "./errors.js";
import type { OutagePatience } from "./outage.js";
import { ParleyError } from "./parley-error.js";
import { cutText, type EventBatch, type TurnEvent, TurnEvents } from "./turn-events.js";
import { type AskOptions, TurnQuestions } from "./turn-questions.js";
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
  patience: OutagePatience;
  /** The hosted session. */
  name: string;
}

const longestText = 262_144;
/** A third of a claim's 60 s, milliseconds: a turn that emits nothing for longer gives a sign of life. */
const beatPeriod = 20_000;
interface ClaimFields {
  name: string;
  interaction_id: string;
  claim_token: string;
}

const cancelledText = "It was cancelled by its sender.";
/** Codes after which nothing more of a turn is accepted: its claim is over, or the interaction is. */
const over: ReadonlySet<string> = new Set(["fence_stale", "interaction_not_found", "interaction_ended"]);

/** A handler's work on one interaction: what it emits, and how it ends. */
export class Turn {
  /** The `turn_id` of this turn's events. */
  readonly id: string;
  readonly interaction: Interaction;
  readonly #deps: TurnDeps;
  #claim: Claim;
  readonly #over = new AbortController();
  /** Aborts when the turn is void, which ends its calls. */
  readonly #void = new AbortController();
  #lost: { reason: unknown } | undefined;
  /** Set when the interaction has its ending by other means; what is left is to take it out of the inbox. */
  #concluded: { reason: unknown } | undefined;
  #cancelled = false;
  readonly #events: TurnEvents;
  readonly #questions: TurnQuestions;
  #text = "";
  #started = false;
  /** The whole text was said. */
  #told = false;
  #completed = false;
  #outcome: "none" | "ending" | "settled" = "none";
  #emitted = false;

  /** @private Internal code, does not follow semantic versioning. */
  constructor(interaction: Interaction, claim: Claim, deps: TurnDeps) {
    this.id = deps.environment.uuid();
    this.interaction = interaction;
    this.#claim = claim;
    this.#deps = deps;
    this.#questions = new TurnQuestions(interaction.interaction_id, deps.environment);
    this.#events = new TurnEvents({
      append: (batch, outage) => this.#append(batch, outage),
      uuid: () => deps.environment.uuid(),
      delay: (ms, signal) => deps.environment.delay(ms, signal),
    });
  }

  /**
   * Aborts when the work is not wanted any more: its sender cancelled it, the claim is lost, the interaction ended
   * otherwise, or the host ends at once. A handler that then throws, or returns nothing, ends a cancelled turn as
   * `cancelled`. An outage of the daemon aborts nothing.
   */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The sender asked to cancel; the turn can still end as it likes. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** @private Why nothing more of it is accepted. */
  get lost(): { readonly reason: unknown } | undefined {
    return this.#lost;
  }

  /** True once the handler's work has its outcome. */
  get settled(): boolean {
    return this.#outcome !== "none";
  }

  /** Emits a piece of the answer's text; resolves as `emit` does. */
  async text(delta: string): Promise<void> {
    this.#text += delta;
    await Promise.all(cutText(delta).map((piece) => this.emit({ kind: "text_delta", delta: piece })));
  }

  /**
   * Emits an event; resolves when it is durable. While the daemon is away, it resolves when the event is kept: up to 8 MiB
   * of events wait for the daemon, in order, and above that `emit` resolves when there is room again. A `turn_completed`
   * with usage or a reason takes the place of the one that the turn ends with by itself, the whole text before it.
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

  /**
   * Asks the sender, and resolves with the answer; over outages of the daemon too. Throws `deadline_exceeded` after
   * `timeout`, and the reason of `signal`: when the work is cancelled, lost or ended, no answer is waited for. When the
   * handler runs again after its host was lost, the same question has the answer that came meanwhile.
   */
  async ask(prompt: string, options: AskOptions = {}): Promise<string> {
    const { schema, timeout, signal } = options;
    const requestId = options.requestId ?? (await this.#questions.nextId(prompt));
    const known = this.#questions.answer(requestId);
    if (known !== undefined) return known;
    this.signal.throwIfAborted();
    signal?.throwIfAborted();
    const question = { kind: "interaction_input_required", request_id: requestId, prompt } as const;
    const refused = new AbortController();
    const signals = [this.signal, refused.signal, ...(signal === undefined ? [] : [signal])];
    const answer = this.#questions.wait(requestId, signals, timeout);
    const asked = this.emit(schema === undefined ? question : { ...question, schema });
    asked.catch((error: unknown) => refused.abort(error));
    return answer;
  }

  /** @private An answer to a question of the interaction. */
  answered(requestId: string, answer: string): void {
    this.#questions.take(requestId, answer);
  }

  /** Resolves when everything that was emitted is durable; throws when an event was refused. */
  async flush(): Promise<void> {
    await this.#events.flush();
    const ended = this.#lost ?? this.#concluded;
    if (ended !== undefined) throw ended.reason;
    if (this.#events.refusal !== undefined) throw this.#events.refusal.error;
  }

  /** Ends the interaction well. A handler's return value does the same. */
  async reply(result: unknown = null): Promise<void> {
    this.#take();
    try {
      await this.#complete();
      if (this.interaction.kind !== "peer_request") await this.#settle({ kind: "done", result });
      else await this.#answer("completed", result);
    } catch (error) {
      if (this.#concluded !== undefined) await this.#settleEnded();
      // An answer that is refused would be refused again each time: the work can only fail.
      else if (this.#lost === undefined && error instanceof ParleyError)
        await this.#dead({
          code: "executor_error",
          message: `${error.code}: ${error.message}`.slice(0, 4096),
          retryable: error.retryable,
        });
      throw error;
    }
  }

  /** Ends the interaction without a result. A handler that throws does the same. */
  async fail(message: string, { code = "executor_error", retryable = false }: Failure = {}): Promise<void> {
    this.#take();
    await this.#complete().catch((error: unknown) => {
      if (this.#lost !== undefined) throw error;
    });
    if (this.#concluded !== undefined) {
      await this.#settleEnded();
      throw this.#concluded.reason;
    }
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
    while (!over.aborted && this.#lost === undefined && this.#concluded === undefined) {
      this.#emitted = false;
      await this.#deps.environment.delay(beatPeriod, over);
      if (over.aborted || this.#emitted || this.#events.pending || this.#outcome !== "none") continue;
      const beat: HostEvent = { kind: "extension", namespace: "parley", name: "working", data: null };
      await this.#events.push(beat).catch(() => {});
    }
  }

  /** @private The token of the claim that the turn works under. */
  get claimToken(): string {
    return this.#claim.token;
  }

  /** @private The interaction was offered to this host again: the work goes on under the new claim. */
  reclaim(claim: Claim): void {
    this.#claim = claim;
  }

  /** @private Makes the turn void. */
  abandon(reason: unknown): void {
    if (this.#lost !== undefined) return;
    this.#lost = { reason };
    this.#over.abort(reason);
    this.#void.abort(reason);
    this.#events.drop(reason);
  }

  #conclude(reason: unknown): void {
    this.#concluded ??= { reason };
    this.#over.abort(reason);
    this.#events.drop(reason);
  }

  /** @private The host ends now: the handler should stop, and the work is given back. */
  interrupt(reason: unknown): void {
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
    this.#outcome = "ending";
  }

  /** Closes the turn's events. */
  async #complete(): Promise<void> {
    if (this.#started && !this.#completed) {
      this.#tell();
      void this.#events.push({ kind: "turn_completed", turn_id: this.id });
    }
    await this.flush();
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
      // The answer goes to the sender's inbox, because this interaction's events have no reader.
      await this.#answer("failed", reason);
    } else await this.#settle({ kind: "dead", ...reason });
  }

  async #append({ events, key }: EventBatch, outage: () => void): Promise<void> {
    this.#emitted = true;
    const { cancel_requested } = await this.#underClaim(
      (claim, signal) =>
        this.#deps.calls.unary(
          "sessions.emit",
          { ...claim, events },
          { retries: 0, signal, idempotencyKey: key },
        ),
      outage,
    );
    if (cancel_requested) this.cancel();
  }

  /** Answers the request, which ends the interaction, and takes it out of the inbox. */
  async #answer(status: "completed" | "failed", result: unknown): Promise<void> {
    const { from, interaction_id } = this.interaction;
    const command = { kind: "peer_response", to: from, in_reply_to: interaction_id, status, result } as const;
    const { calls, environment, name, patience } = this.#deps;
    const options = { session: name, retries: 0, idempotencyKey: environment.uuid() };
    try {
      await patience.insist(
        (signal) => calls.unary("comms.send", command, { ...options, signal }),
        this.#void.signal,
      );
    } catch (error) {
      // The handler answered by itself, or an earlier attempt did: only the settling is left.
      if (!(error instanceof ParleyError) || error.code !== "interaction_ended") throw error;
    }
    await this.#settleEnded();
  }

  /** Takes an interaction that has its ending out of the inbox, whether or not the claim still counts. */
  async #settleEnded(): Promise<void> {
    await this.#settle({ kind: "done" }).catch((error: unknown) => {
      if (!isOver(error)) throw error;
      this.#outcome = "settled";
    });
  }

  async #settle(outcome: Outcome): Promise<void> {
    await this.#underClaim((claim, signal) =>
      this.#deps.calls.unary("sessions.settle", { ...claim, outcome }, { retries: 0, signal }),
    );
    this.#outcome = "settled";
  }

  /** A call under the turn's claim; repeated when the interaction was claimed again meanwhile. */
  async #underClaim<T>(
    call: (claim: ClaimFields, signal: AbortSignal) => PromiseLike<T>,
    outage?: () => void,
  ): Promise<T> {
    const { name, patience } = this.#deps;
    const { interaction_id } = this.interaction;
    for (;;) {
      let used = "";
      try {
        return await patience.insist(
          (signal) => {
            used = this.#claim.token;
            return call({ name, interaction_id, claim_token: used }, signal);
          },
          this.#void.signal,
          outage,
        );
      } catch (error) {
        if (!isOver(error)) throw error;
        if (used !== this.#claim.token) continue;
        if (error.code === "interaction_ended") this.#conclude(error);
        else this.abandon(error);
        throw error;
      }
    }
  }
}

function isOver(error: unknown): error is ParleyError {
  return error instanceof ParleyError && over.has(error.code);
}
