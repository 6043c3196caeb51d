/** An event as far as silence is concerned. */
export interface HostEvent {
  at: string;
  interaction_id?: string | undefined;
  event: { kind: string; namespace?: unknown; name?: unknown };
}

/** A host that is free takes what it is sent at once. */
const notTakenAfterMs = 10_000;
/** A host that works gives a sign at least every 20 s; a claim lasts 60 s without one. */
const noSignAfterMs = 75_000;
const notTaken = "· no host has taken it yet; it waits until one does or it expires";
const noSign = `· no sign of life from the host for ${noSignAfterMs / 1_000} s; the next host gets the work when its claim has ended`;
/** Kinds that come from a host at work. */
const hostKinds: ReadonlySet<string> = new Set([
  "turn_started",
  "text_delta",
  "text_complete",
  "reasoning_delta",
  "reasoning_complete",
  "tool_call_requested",
  "tool_result_received",
  "tool_execution_completed",
  "peer_content_ingested",
  "extension",
]);

/** Kinds after which no output is expected. */
const endsOutput: ReadonlySet<string> = new Set([
  "interaction_complete",
  "interaction_failed",
  "interaction_input_required",
]);

/**
 * Reports in lines that a host is silent: once for each silence while it gives signs of life, and once when these end.
 * With `awaitsHost`, for the reader of one interaction, also that no host has taken it.
 */
export class HostSilence {
  readonly #report: (line: string) => void;
  #awaitsHost: boolean;
  /** Wall time of the last output, by interaction; absent once its silence was reported. */
  readonly #outputAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(report: (line: string) => void, awaitsHost = false) {
    this.#report = report;
    this.#awaitsHost = awaitsHost;
  }

  /** The reader was given the reason why no host has taken the interaction. */
  explained(): void {
    this.#awaitsHost = false;
    clearTimeout(this.#timer);
  }

  /** Whether the event is only a sign of life, which is not printed itself. */
  take({ at, interaction_id: id = "", event }: HostEvent): boolean {
    clearTimeout(this.#timer);
    const isSign = event.kind === "extension" && event.namespace === "parley" && event.name === "working";
    if (hostKinds.has(event.kind)) this.#timer = this.#expect(noSign, noSignAfterMs);
    else if (event.kind === "interaction_started" && this.#awaitsHost)
      this.#timer = this.#expect(notTaken, notTakenAfterMs);
    if (isSign) this.#sign(id, Date.parse(at));
    else this.#outputAt.set(id, Date.parse(at));
    // A host that asked waits for the reader.
    if (endsOutput.has(event.kind)) this.#outputAt.delete(id);
    return isSign;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #sign(id: string, at: number): void {
    const outputAt = this.#outputAt.get(id);
    if (outputAt === undefined) return;
    this.#outputAt.delete(id);
    const seconds = Math.max(0, Math.round((at - outputAt) / 1_000));
    this.#report(`· the host works; no output for ${seconds} s`);
  }

  #expect(line: string, afterMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#report(line), afterMs).unref();
  }
}
