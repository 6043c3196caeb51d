import { InProcess } from "./in-process.js";
import { Model, type Move, moves, type Variant } from "./model.js";
import { Subject } from "./subject.js";

/** A world is given up after so many sequences: its logs make a start slow. */
const worldSequences = 200;

export interface Exploration {
  sequences: number;
  steps: number;
  /** The first sequence on which model and daemon disagree, with what each of them said. */
  broken: string | undefined;
}

export interface ExploreOptions extends Variant {
  depth: number;
  /** How often each move may come; 1 unless told. */
  times?: Partial<Record<Move, number>>;
  from?: readonly Move[];
  /** Leave out what follows a state in which everything that may follow was tried before. */
  merge?: boolean;
  progress?(sequences: number): void;
}

/** Every sequence of moves of the given length, each step compared with the model, each sequence on an interaction of its own. */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  const found: Exploration = { sequences: 0, steps: 0, broken: undefined };
  let daemon = await InProcess.start("explore");
  let before: readonly Move[] = [];
  for (const sequence of sequences(options)) {
    if (found.sequences % worldSequences === worldSequences - 1) {
      await daemon.stop();
      daemon = await InProcess.start("explore");
    }
    found.broken ??= await runSequence(daemon, sequence, sharedSteps(before, sequence), options);
    found.sequences += 1;
    found.steps += sequence.length;
    if (found.broken !== undefined) break;
    before = sequence;
    options.progress?.(found.sequences);
  }
  await daemon.stop();
  return found;
}

/**
 * What is wrong with one sequence, undefined when nothing is. Every answer is compared; the outlook only after the first
 * `known` steps, which were seen before.
 */
export async function runSequence(
  daemon: InProcess,
  sequence: readonly Move[],
  known = 0,
  variant: Variant = {},
): Promise<string | undefined> {
  const model = new Model(variant);
  const subject = await Subject.reserve(daemon, variant);
  const said: string[] = [];
  for (const [at, move] of sequence.entries()) {
    const answers = [model.apply(move), await subject.apply(move)];
    if (at >= known) {
      answers[0] += ` | ${model.outlook()}`;
      answers[1] += ` | ${await subject.outlook()}`;
    }
    const [expected, got] = answers;
    said.push(`${move}: ${got}`);
    if (got !== expected) return `${said.join("; ")}; expected ${expected}`;
  }
  const left = await subject.finish();
  return left.length === 0 ? undefined : `${said.join("; ")}; ${left.join(", ")}`;
}

/** How far a sequence begins as the one before it. */
function sharedSteps(before: readonly Move[], sequence: readonly Move[]): number {
  const at = sequence.findIndex((move, at) => move !== before[at]);
  return at < 0 ? sequence.length : at;
}

/** Depth first; only whole sequences, as their beginnings are compared with them. */
function* sequences({
  depth,
  times = {},
  from = moves,
  merge = false,
  ...variant
}: ExploreOptions): Generator<Move[]> {
  const done = new Set<string>();
  const path: Move[] = [];
  const left = new Map(from.map((move) => [move, times[move] ?? 1]));
  function* go(): Generator<Move[]> {
    if (path.length === depth) {
      yield [...path];
      return;
    }
    let followed = false;
    for (const move of from) {
      const count = left.get(move)!;
      if (count === 0) continue;
      path.push(move);
      left.set(move, count - 1);
      followed = true;
      // Seen before: the step is taken once more from here, what follows it is not.
      if (merge && !isNew()) yield [...path];
      else yield* go();
      left.set(move, count);
      path.pop();
    }
    if (!followed) yield [...path];
  }
  const isNew = (): boolean => {
    const model = new Model(variant);
    for (const move of path) model.apply(move);
    const key = `${model.key} ${[...left.values()]} ${path.length}`;
    if (done.has(key)) return false;
    done.add(key);
    return true;
  };
  yield* go();
}
