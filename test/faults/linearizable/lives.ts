import type { SequentialModel } from "./check.js";

/** An operation of one life of the daemon, or what lies between two of them. */
export type OfLife<Input> = { life: number; input: Input } | "restart";

export interface MortalModel<State, Input, Output> extends SequentialModel<State, Input, Output> {
  /** The daemon was killed at the one moment and served again by the other. */
  restarted(state: State, killed: number, serving: number): readonly State[];
}

/** The model of an object whose daemon is killed now and then: what nobody heard of happened in its own life or never. */
export function overLives<State, Input, Output>(
  model: MortalModel<State, Input, Output>,
): SequentialModel<{ life: number; state: State }, OfLife<Input>, Output> {
  return {
    initial: { life: 0, state: model.initial },
    next({ life, state }, { input, output, invoked, returned }) {
      if (input === "restart")
        return model.restarted(state, invoked, returned).map((after) => ({ life: life + 1, state: after }));
      if (input.life !== life) return [];
      return model
        .next(state, { input: input.input, output, invoked, returned })
        .map((after) => ({ life, state: after }));
    },
    key: ({ life, state }) => `${life} ${model.key(state)}`,
  };
}
