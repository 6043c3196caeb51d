import { check, type Operation, type SequentialModel, type Verdict } from "./check.js";
import type { OfLife } from "./lives.js";

const forever = Number.POSITIVE_INFINITY;

/** Every key's history, written down by clients that run at the same time. */
export class Recorder<Input, Output> {
  readonly histories = new Map<string, Operation<OfLife<Input>, Output>[]>();
  operations = 0;
  unknown = 0;
  #life = 0;
  readonly #restarts: Operation<OfLife<Input>, Output>[] = [];

  now(): number {
    return performance.now();
  }

  /** How often the daemon was killed so far. */
  get life(): number {
    return this.#life;
  }

  /** An output of undefined says that nobody heard of one. */
  add(key: string, input: Input, output: Output | undefined, invoked: number, life = this.#life): void {
    const returned = output === undefined ? forever : this.now();
    this.operations += 1;
    if (output === undefined) this.unknown += 1;
    this.#of(key).push({ input: { life, input }, output, invoked, returned });
  }

  /** Nothing of an earlier life happens after this; `answer` is what a restart is told to have answered. */
  restarted(killed: number, answer: Output): void {
    const restart = { input: "restart" as const, output: answer, invoked: killed, returned: this.now() };
    this.#restarts.push(restart);
    for (const history of this.histories.values()) history.push(restart);
    this.#life += 1;
  }

  /** Changes what clients were told, to see what the judgement makes of it. */
  falsify(lie: (output: Output) => Output): void {
    for (const history of this.histories.values())
      for (const [at, operation] of history.entries())
        if (operation.output !== undefined && operation.input !== "restart")
          history[at] = { ...operation, output: lie(operation.output) };
  }

  /** Judges each key by itself: what concerns different ones does not have to have a common order. */
  judge<State>(modelOf: (key: string) => SequentialModel<State, OfLife<Input>, Output>): {
    visited: number;
    broken: string[];
  } {
    let visited = 0;
    const broken: string[] = [];
    for (const [key, history] of this.histories) {
      const verdict = check(history, modelOf(key));
      visited += verdict.visited;
      if (!verdict.linearizable) broken.push(`${key}: ${told(history, verdict)}`);
    }
    return { visited, broken };
  }

  #of(key: string): Operation<OfLife<Input>, Output>[] {
    let history = this.histories.get(key);
    if (history === undefined) {
      history = [...this.#restarts];
      this.histories.set(key, history);
    }
    return history;
  }
}

/** The operation that has no place, and those around it. */
function told<Input, Output>(
  history: readonly Operation<Input, Output>[],
  { stuckAt }: Verdict<Input, Output>,
): string {
  const sorted = history.toSorted((one, other) => one.invoked - other.invoked);
  const at = stuckAt === undefined ? 0 : sorted.indexOf(stuckAt);
  const around = sorted.slice(Math.max(0, at - 12), at + 4);
  return `no place for ${JSON.stringify(stuckAt)} among ${around.map((one) => JSON.stringify(one)).join(" ")}`;
}
