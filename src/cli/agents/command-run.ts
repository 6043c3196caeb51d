import { note, paint } from "../output.js";
import { AnswerText } from "./answer-text.js";
import { type CommandLine, type Ending, ProcessGroup } from "./process-group.js";
import { type Interaction, ingested, isAnswered, type Turn } from "./serve.js";
import type { Process } from "./surviving-processes.js";

/** The end of stderr is kept for the failure's message; more would only fill memory. */
const stderrKept = 2_000;
/** Characters that are on their way to the daemon before the command's output is paused. */
const relayedAtOnce = 1024 * 1024;
/** Processes that one event names; `omitted` counts the others. */
const namedSurvivors = 32;

/** One run of a command for one interaction: its output as events, its exit as the end. */
export class CommandRun {
  readonly answer = new AnswerText();
  readonly #turn: Turn;
  readonly #interactionId: string;
  readonly #group: ProcessGroup;
  #errors = "";
  #relaying = 0;
  #refused: { reason: unknown } | undefined;

  /** Starts the command; throws a StartFailure. */
  constructor(line: CommandLine, interaction: Interaction, turn: Turn) {
    this.#turn = turn;
    this.#interactionId = interaction.interaction_id;
    this.#group = new ProcessGroup(
      line,
      (text) => void this.#relay(text),
      (text) => {
        this.#errors = (this.#errors + text).slice(-stderrKept);
      },
    );
    void ingested(interaction, turn);
  }

  /** The end of stderr for a message; what the cut left of a character is dropped. */
  get errors(): string {
    return this.#errors.replace(/^[\udc00-\udfff]/, "").trim();
  }

  /**
   * Waits for the command's exit and then for the rest of its output. The time limit, the turn's end and `ends` end it; of
   * these only the time limit makes it `late`. Throws a StartFailure.
   */
  async toItsEnd(ends: AbortSignal, timeoutMs?: number): Promise<{ ending: Ending; late: boolean }> {
    let late = false;
    const end = (): void => void this.#group.end();
    // A script that has answered goes on to its exit: only the interaction is over.
    const endWithTurn = (): void => {
      if (!isAnswered(this.#turn)) end();
    };
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            end();
          }, timeoutMs);
    this.#turn.signal.addEventListener("abort", endWithTurn);
    ends.addEventListener("abort", end);
    if (this.#turn.signal.aborted) endWithTurn();
    if (ends.aborted) end();
    try {
      const ending = await this.#group.exited;
      clearTimeout(timer);
      await this.#group.settled;
      await this.#group.drain();
      if (this.#refused !== undefined) throw this.#refused.reason;
      return { ending, late };
    } finally {
      clearTimeout(timer);
      this.#turn.signal.removeEventListener("abort", endWithTurn);
      ends.removeEventListener("abort", end);
    }
  }

  /** Names what outlives the command in an event, and on this terminal. */
  async reportSurvivors(): Promise<void> {
    const { running, ended } = await this.#group.survivors();
    const found = [...running, ...ended];
    if (found.length === 0) return;
    const processes = found.slice(0, namedSurvivors).map(({ pid, command }) => ({ pid, command }));
    const omitted = found.length - processes.length;
    const data = { processes, ended: running.length === 0, ...(omitted === 0 ? {} : { omitted }) };
    void this.#turn
      .emit({ kind: "extension", namespace: "parley", name: "surviving_processes", data })
      .catch(() => undefined);
    note(paint("dim", `${this.#interactionId} ${describe(running, ended)}`));
  }

  async #relay(text: string): Promise<void> {
    this.answer.add(text);
    this.#relaying += text.length;
    if (this.#relaying > relayedAtOnce) this.#group.output.pause();
    try {
      await this.#turn.text(text);
    } catch (reason) {
      // A turn that is over ends the command by its signal, or has its answer; anything else is a refusal.
      if (!this.#turn.signal.aborted) {
        this.#refused ??= { reason };
        void this.#group.end();
      }
    }
    this.#relaying -= text.length;
    if (this.#relaying <= relayedAtOnce) this.#group.output.resume();
  }
}

/** A line for people; `--kill-children` is the way to end what stays. */
function describe(running: readonly Process[], ended: readonly Process[]): string {
  if (running.length === 0) return `ended ${listed(ended)}`;
  return `left ${listed(running)} running; --kill-children ends what a command leaves`;
}

function listed([first, ...others]: readonly Process[]): string {
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `pid ${first!.pid} (${first!.command})${more}`;
}
