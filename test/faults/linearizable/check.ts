/**
 * One operation as its client saw it. `returned` is Infinity when the client never heard of it: then it may have happened
 * at any time since, or never.
 */
export interface Operation<Input, Output> {
  readonly input: Input;
  /** Undefined when nobody knows. */
  readonly output: Output | undefined;
  /** Monotonic milliseconds of the one clock that all clients share. */
  readonly invoked: number;
  readonly returned: number;
}

/** What one object does when operations come one after the other. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State;
  /** The states that the operation may lead to with the output that was seen, any output when it is unknown; none when it cannot have happened there. */
  next(state: State, operation: Operation<Input, Output>): readonly State[];
  /** Equal for states that cannot be told apart. */
  key(state: State): string;
}

export interface Verdict<Input, Output> {
  linearizable: boolean;
  /** Configurations looked at. */
  visited: number;
  /** The operation before which the longest possible order ends. */
  stuckAt?: Operation<Input, Output>;
}

interface Node {
  /** Index of the operation. */
  readonly at: number;
  readonly kind: "call" | "return";
  before: Node | undefined;
  after: Node | undefined;
}

interface Frame<State> {
  readonly node: Node;
  readonly state: State;
  readonly choices: readonly State[];
  choice: number;
}

/**
 * Whether there is an order of the operations, each within its time, that the model allows: Wing and Gong's search with
 * Lowe's memory of configurations. Only what must have happened has to have a place.
 */
export function check<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
): Verdict<Input, Output> {
  const list = new CallList(operations);
  const seen = new Set<string>();
  const frames: Frame<State>[] = [];
  let state = model.initial;
  let node = list.first;
  let most = -1;
  let stuckAt: Operation<Input, Output> | undefined;
  for (;;) {
    if (list.known === 0) return { linearizable: true, visited: seen.size };
    if (node?.kind === "call") {
      const choices = model.next(state, operations[node.at]!);
      const frame: Frame<State> = { node, state, choices, choice: -1 };
      list.lift(node);
      if (advance(frame)) continue;
      list.unlift(node);
      node = node.after;
      continue;
    }
    // What returned here must have happened before: another order.
    if (node !== undefined && list.done > most) {
      most = list.done;
      stuckAt = operations[node.at];
    }
    let frame = frames.pop();
    while (frame !== undefined && !advance(frame)) {
      list.unlift(frame.node);
      state = frame.state;
      node = frame.node.after;
      if (node !== undefined) break;
      frame = frames.pop();
    }
    if (frame === undefined)
      return { linearizable: false, visited: seen.size, ...(stuckAt === undefined ? {} : { stuckAt }) };
  }

  /** Takes the operation's next outcome that leads to a configuration not seen yet. */
  function advance(frame: Frame<State>): boolean {
    while (++frame.choice < frame.choices.length) {
      const chosen = frame.choices[frame.choice]!;
      const configuration = `${list.key()} ${model.key(chosen)}`;
      if (seen.has(configuration)) continue;
      seen.add(configuration);
      frames.push(frame);
      state = chosen;
      node = list.first;
      return true;
    }
    return false;
  }
}

/** Calls and returns in the order of time; those that were given a place are lifted out. */
class CallList {
  readonly #head: Node = { at: -1, kind: "call", before: undefined, after: undefined };
  readonly #returns: (Node | undefined)[] = [];
  /** By the order of calls; operations without a return have none in it. */
  readonly #placed: Uint8Array;
  readonly #unknown = new Set<number>();
  /** All known operations below are placed. */
  #low = 0;
  #placedKnown = 0;
  readonly #rank: number[] = [];
  readonly #size: number;

  constructor(operations: readonly Operation<unknown, unknown>[]) {
    const events: { time: number; order: number; node: Node }[] = [];
    for (const [at, { invoked, returned }] of operations.entries()) {
      // At the same time a call counts as the earlier: the two may have overlapped.
      events.push({ time: invoked, order: 0, node: newNode(at, "call") });
      if (returned === Number.POSITIVE_INFINITY) continue;
      const node = newNode(at, "return");
      this.#returns[at] = node;
      events.push({ time: returned, order: 1, node });
    }
    events.sort((one, other) => one.time - other.time || one.order - other.order);
    let last = this.#head;
    let rank = 0;
    for (const { node } of events) {
      last.after = node;
      node.before = last;
      last = node;
      if (node.kind === "call" && this.#returns[node.at] !== undefined) this.#rank[node.at] = rank++;
    }
    this.#size = rank;
    this.#placed = new Uint8Array(rank + 1);
  }

  get first(): Node | undefined {
    return this.#head.after;
  }

  /** Operations that must still be placed. */
  get known(): number {
    return this.#size - this.#placedKnown;
  }

  get done(): number {
    return this.#placedKnown;
  }

  /** What was placed: all below a mark, and a few beyond it. */
  key(): string {
    const ahead: number[] = [];
    const beyond = this.#placedKnown - this.#low;
    for (let rank = this.#low; ahead.length < beyond; rank += 1) if (this.#placed[rank]) ahead.push(rank);
    return `${this.#low}/${ahead}/${[...this.#unknown].sort((one, other) => one - other)}`;
  }

  lift(call: Node): void {
    unlink(call);
    const returned = this.#returns[call.at];
    if (returned === undefined) {
      this.#unknown.add(call.at);
      return;
    }
    unlink(returned);
    this.#placed[this.#rank[call.at]!] = 1;
    this.#placedKnown += 1;
    while (this.#placed[this.#low]) this.#low += 1;
  }

  unlift(call: Node): void {
    const returned = this.#returns[call.at];
    if (returned === undefined) this.#unknown.delete(call.at);
    else {
      link(returned);
      const rank = this.#rank[call.at]!;
      this.#placed[rank] = 0;
      this.#placedKnown -= 1;
      this.#low = Math.min(this.#low, rank);
    }
    link(call);
  }
}

function newNode(at: number, kind: Node["kind"]): Node {
  return { at, kind, before: undefined, after: undefined };
}

function unlink({ before, after }: Node): void {
  before!.after = after;
  if (after !== undefined) after.before = before;
}

function link(node: Node): void {
  node.before!.after = node;
  if (node.after !== undefined) node.after.before = node;
}
