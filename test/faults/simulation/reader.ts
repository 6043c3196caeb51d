import type { CommsStreamEvent, StreamScope } from "../../../src/generated/types.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import { isTerminal } from "./ledger.js";
import type { Caller } from "./network.js";
import type { SimulatedWorld } from "./world.js";

/** Follows one scope over cuts and crashes, from the position that it has reached. */
class Reader {
  readonly #world: SimulatedWorld;
  readonly #caller: Caller;
  readonly #scope: StreamScope;
  readonly #name: string;
  #last = 0;
  #streamId: string | undefined;
  terminal = false;

  constructor(world: SimulatedWorld, caller: Caller, scope: StreamScope) {
    this.#world = world;
    this.#caller = caller;
    this.#scope = scope;
    this.#name = scope.kind === "session" ? scope.session_id : scope.interaction_id;
  }

  /** One connection's worth; resolves with the reason of the end, rejects when it broke. */
  async follow(follow: boolean, cut: AbortSignal): Promise<string> {
    const { network, scheduler } = this.#world;
    const resumes = this.#streamId !== undefined;
    return network.stream(
      {
        scope: this.#scope,
        after_sequence: this.#last,
        follow,
        ...(resumes ? { resume_of: this.#streamId! } : {}),
      },
      this.#caller,
      {
        cut,
        halfOpen: scheduler.random.chance(0.5),
        opened: ({ stream_id: streamId }) => {
          if (follow) this.#streamId = streamId;
        },
        event: (event) => this.#take(event),
      },
    );
  }

  #take(event: CommsStreamEvent): void {
    const { ledger } = this.#world;
    if (event.event.kind === "stream_truncated") {
      const { from_sequence: from, to_sequence: to } = event.event;
      if (!this.#world.trims || from !== this.#last + 1 || to < from)
        ledger.violated(`${this.#name} lost ${from} to ${to} for a reader at ${this.#last}`);
      this.#last = to;
      return;
    }
    if (event.sequence !== this.#last + 1)
      ledger.violated(`a reader of ${this.#name} at ${this.#last} got ${event.sequence}`);
    if (this.terminal) ledger.violated(`${this.#name} went on after its end`);
    this.#last = event.sequence ?? this.#last;
    ledger.observed(this.#name, event);
    if (this.#scope.kind === "interaction" && isTerminal(event.event)) this.terminal = true;
  }
}

/** Reads an interaction to its end, however often it is cut off. */
export async function readInteraction(
  world: SimulatedWorld,
  caller: Caller,
  interactionId: string,
): Promise<void> {
  const { scheduler } = world;
  const reader = new Reader(world, caller, { kind: "interaction", interaction_id: interactionId });
  let follow = true;
  while (!reader.terminal) {
    const { cut, over } = cutter(world);
    try {
      await reader.follow(follow, cut);
    } catch (error) {
      // Its reservation ran out: what is there may still be read, but nobody waits for it.
      if (
        error instanceof ContractError &&
        (error.code === "not_reserved" || error.code === "stream_timeout")
      )
        follow = false;
      if (error instanceof ContractError && error.code === "interaction_not_found") {
        if (!world.trims && !world.ledger.wasClosed(interactionId) && !mayBeForgotten(world))
          world.ledger.violated(`${interactionId} has a receipt and cannot be read`);
        return;
      }
    } finally {
      over();
    }
    await scheduler.sleep(50 + scheduler.random.next() * (follow ? 5_000 : 20_000), "resume");
  }
}

/** A wall clock that is set while no process lives can end a replay window early: the next process cannot know. */
function mayBeForgotten({ machine, scheduler }: SimulatedWorld): boolean {
  return machine.lives > 1 && scheduler.wallSteps > 0;
}

/** Reads a session's log for as long as the world stands. */
export async function readSession(world: SimulatedWorld, caller: Caller, sessionId: string): Promise<void> {
  const { scheduler } = world;
  const reader = new Reader(world, caller, { kind: "session", session_id: sessionId });
  for (;;) {
    const { cut, over } = cutter(world);
    try {
      await reader.follow(true, cut);
    } catch (error) {
      if (error instanceof ContractError && error.code === "session_not_found") return;
    } finally {
      over();
    }
    await scheduler.sleep(50 + scheduler.random.next() * 5_000, "resume");
  }
}

/** All that can be read now, once. */
export async function readOnce(world: SimulatedWorld, caller: Caller, scope: StreamScope): Promise<void> {
  const never = new AbortController().signal;
  await world.insist(
    () => new Reader(world, caller, scope).follow(false, never),
    (error) => error instanceof ContractError,
  );
}

function cutter({ scheduler, calm }: SimulatedWorld): { cut: AbortSignal; over: () => void } {
  const controller = new AbortController();
  const over = calm
    ? () => {}
    : scheduler.after(scheduler.random.next() * 40_000, "cut", () => controller.abort());
  return { cut: controller.signal, over };
}
