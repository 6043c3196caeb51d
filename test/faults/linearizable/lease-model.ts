import type { Operation } from "./check.js";
import type { MortalModel } from "./lives.js";

export type LeaseInput =
  | { kind: "open"; token: string; ttlMs: number }
  /** Asks for work, which only the holder may; it renews. */
  | { kind: "drain"; token: string }
  | { kind: "close"; token: string };

export type LeaseOutput =
  | { held: number }
  | "session_name_taken"
  | "fence_stale"
  | "session_not_found"
  | "done"
  | "already";

/** A name and who holds it: a register whose writers are told apart by fences that only rise. */
export interface LeaseState {
  exists: "never" | "open" | "closed";
  holder: string | undefined;
  previous: string | undefined;
  /** Undefined while nobody was told the present holder's. */
  fence: number | undefined;
  /** The highest fence that was told; the next holder's is above it. */
  floor: number;
  ttlMs: number;
  /** The lease runs out at some moment between them. */
  from: number;
  by: number;
}

type Step = Operation<LeaseInput, LeaseOutput>;

/** After a start a live lease has at least this long, milliseconds. */
const graceMs = 30_000;
const never = Number.NEGATIVE_INFINITY;

/** `slackMs`: how far the clocks of daemon and clients may differ in telling an interval. */
export function leaseModel(slackMs: number): MortalModel<LeaseState, LeaseInput, LeaseOutput> {
  const lasting = (step: Step, ttlMs: number): Pick<LeaseState, "ttlMs" | "from" | "by"> =>
    ttlMs === 0
      ? { ttlMs, from: never, by: never }
      : { ttlMs, from: step.invoked + ttlMs - slackMs, by: step.returned + ttlMs + slackMs };
  return {
    initial: {
      exists: "never",
      holder: undefined,
      previous: undefined,
      fence: undefined,
      floor: 0,
      ttlMs: 0,
      from: never,
      by: never,
    },
    next(state, step) {
      const { input, output } = step;
      if (input.kind === "open") return open(state, step, input.token, lasting(step, input.ttlMs));
      if (state.exists === "never") return output === "session_not_found" ? [state] : [];
      const holds = state.exists === "open" && state.holder === input.token;
      if (input.kind === "close") {
        if (state.exists === "closed") return output === "already" ? [state] : [];
        if (!holds) return output === "fence_stale" ? [state] : [];
        return output === "done" || output === undefined
          ? [{ ...state, exists: "closed", ...lasting(step, 0) }]
          : [];
      }
      if (state.exists === "closed") return output === "session_not_found" ? [state] : [];
      if (!holds) return output === "fence_stale" ? [state] : [];
      if (output !== "done" && output !== undefined) return [];
      const renewed = { ...state, ...lasting(step, state.ttlMs) };
      // Of a lease that ran out the holder is asked no more than whether it still is it: another may be on its way.
      return step.returned >= state.from ? [renewed, state] : [renewed];
    },
    restarted(state, _killed, serving) {
      if (state.exists !== "open" || state.ttlMs === 0) return [state];
      // One that ran out just before may not have been stored as such; then it begins again.
      return [{ ...state, by: Math.max(state.by, serving + Math.max(state.ttlMs, graceMs) + slackMs) }];
    },
    key: (state) => Object.values(state).join(),
  };
}

function open(
  state: LeaseState,
  { output, invoked, returned }: Step,
  token: string,
  lasting: Pick<LeaseState, "ttlMs" | "from" | "by">,
): LeaseState[] {
  const fence = typeof output === "object" ? output.held : undefined;
  const granted = fence !== undefined || output === undefined;
  if (state.exists === "open" && token === state.holder) {
    if (!granted) return [];
    // The same holder keeps its fence, told or not yet told.
    if (fence !== undefined && fence !== (state.fence ?? Math.max(fence, state.floor + 1))) return [];
    const told = fence ?? state.fence;
    return [{ ...state, ...lasting, fence: told, floor: Math.max(state.floor, told ?? 0) }];
  }
  if (state.exists === "open" && token === state.previous) return output === "fence_stale" ? [state] : [];
  const free = state.exists !== "open" || returned >= state.from;
  const live = state.exists === "open" && invoked < state.by;
  if (output === "session_name_taken") return live ? [state] : [];
  if (!granted || !free || (fence !== undefined && fence <= state.floor)) return [];
  return [
    {
      exists: "open",
      holder: token,
      previous: state.exists === "open" ? state.holder : undefined,
      fence,
      floor: Math.max(state.floor, fence ?? 0),
      ...lasting,
    },
  ];
}
