/** An event as far as silence is concerned. */
export interface HostEvent {
  at: string;
  interaction_id?: string | undefined;
  event: { kind: string; namespace?: unknown; name?: unknown };
}

/** A host that works gives a sign at least every 20 s; a claim lasts 60 s without one. */
const noSignAfterMs = 75_000;
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

/** Reports in lines that a host is silent: once for each silence while it gives signs of life, and once when these end. */
export class HostSilence {
  readonly #report: (line: string) => void;
  /** Wall time of the last output, by interaction; absent once its silence was reported. */
  readonly #outputAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(report: (line: string) => void) {
    this.#report = report;
  }

  /** Whether the event is only a sign of life, which is not printed itself. */
  take({ at, interaction_id: id = "", event }: HostEvent): boolean {
    clearTimeout(this.#timer);
    const isSign = event.kind === "extension" && event.namespace === "parley" && event.name === "working";
    if (hostKinds.has(event.kind)) this.#timer = this.#expectSign();
    if (isSign) this.#sign(id, Date.parse(at));
    else this.#outputAt.set(id, Date.parse(at));
    if (event.kind === "interaction_complete" || event.kind === "interaction_failed")
      this.#outputAt.delete(id);
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

  #expectSign(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#report(
        `· no sign of life from the host for ${noSignAfterMs / 1_000} s; the next host gets the work when its claim has ended`,
      );
    }, noSignAfterMs);
    timer.unref();
    return timer;
  }
}
