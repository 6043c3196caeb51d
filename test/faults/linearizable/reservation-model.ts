import type { Operation } from "./check.js";
import type { MortalModel } from "./lives.js";

export type ReservationInput =
  | { kind: "attach"; stream: string; connection: string; resumeOf: string | undefined }
  | { kind: "close"; stream: string }
  /** The reader heard that its stream ended after the terminal event. */
  | { kind: "delivered"; stream: string }
  | { kind: "drop"; connection: string }
  | { kind: "look" };

/** What was answered: how an attach or a close went, or the state that a look found. */
export type ReservationOutput =
  | "opened"
  | "already_attached"
  | "not_reserved"
  | "stream_timeout"
  | "closed"
  | "already"
  | "done"
  | "reserved"
  | "attached"
  | "completed"
  | "expired"
  | "closed_early";

export type ReservationState =
  /** Runs out at some moment between `from` and `by`. */
  | { phase: "reserved"; from: number; by: number }
  | { phase: "attached"; stream: string; connection: string }
  /** `kept`: somebody was told that it is on disk. */
  | { phase: "completed" | "expired" | "closed_early"; kept: boolean };

type Step = Operation<ReservationInput, ReservationOutput>;

/**
 * The reservation of one interaction that was made between two moments, for histories: time is known only as well as the
 * clients saw it.
 */
export function reservationModel(options: {
  made: { from: number; by: number };
  ttlMs: number;
  /** How far the clocks of daemon and clients may differ in telling an interval, milliseconds. */
  slackMs?: number;
}): MortalModel<ReservationState, ReservationInput, ReservationOutput> {
  const { made, ttlMs, slackMs = 0 } = options;
  const reserved = (from: number, by: number): ReservationState => ({
    phase: "reserved",
    from: from + ttlMs - slackMs,
    by: by + ttlMs + slackMs,
  });
  return {
    initial: reserved(made.from, made.by),
    next(state, step) {
      switch (step.input.kind) {
        case "attach":
          return attach(state, step, step.input);
        case "close":
          return close(state, step.output, step.input.stream);
        case "delivered":
          return reads(state, step.input.stream) ? [{ phase: "completed", kept: false }] : [];
        case "drop":
          return state.phase === "attached" && state.connection === step.input.connection
            ? [reserved(step.invoked, step.returned)]
            : [state];
        case "look":
          return look(state, step, step.returned + ttlMs + slackMs);
      }
    },
    restarted(state, killed) {
      // Its fresh time begins when the daemon comes to it.
      const again = reserved(killed, Number.POSITIVE_INFINITY);
      if (state.phase === "reserved" || state.phase === "attached") return [again];
      // Only a close is answered when it is on disk; other ends are stored a moment later.
      return state.kept ? [state] : [state, again];
    },
    key: (state) => JSON.stringify(state),
  };
}

function attach(
  state: ReservationState,
  { output, invoked, returned }: Step,
  input: Extract<ReservationInput, { kind: "attach" }>,
): ReservationState[] {
  const opened: ReservationState = {
    phase: "attached",
    stream: input.stream,
    connection: input.connection,
  };
  switch (state.phase) {
    case "reserved":
      if (output === "opened" || output === undefined) return invoked < state.by ? [opened] : [];
      if (output !== "stream_timeout" && output !== "not_reserved") return [];
      return returned >= state.from ? [{ phase: "expired", kept: false }] : [];
    case "attached":
      if (input.resumeOf === state.stream) return output === "opened" || output === undefined ? [opened] : [];
      return output === "already_attached" ? [state] : [];
    default:
      return output === "not_reserved" ? [state] : [];
  }
}

function close(
  state: ReservationState,
  output: ReservationOutput | undefined,
  stream: string,
): ReservationState[] {
  const reader = reads(state, stream);
  if (output === "already") return reader ? [] : [state];
  return reader ? [{ phase: "closed_early", kept: output === "closed" }] : [];
}

/** One whose time has come is reserved until its timer or an attach ends it. */
function look(state: ReservationState, { output, returned }: Step, latest: number): ReservationState[] {
  if (state.phase === "reserved" && output === "expired" && returned >= state.from)
    return [{ phase: "expired", kept: false }];
  if (state.phase !== output) return [];
  return [state.phase === "reserved" ? { ...state, by: Math.min(state.by, latest) } : state];
}

function reads(state: ReservationState, stream: string): boolean {
  return state.phase === "attached" && state.stream === stream;
}
