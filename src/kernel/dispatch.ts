import {
  type OperationId,
  type OperationSpec,
  operations,
  type StreamOperationId,
  type UnaryOperationId,
} from "../generated/operations.js";
import { Admission } from "./admission.js";
import { requireCredentials, requireScope, requireSession, type SessionOwner } from "./authorise.js";
import type { Call, CallContext } from "./context.js";
import { ContractError } from "./contract-error.js";
import { type Deadline, Deadlines } from "./deadlines.js";
import type { HandlerTable, OpenStream, PlaneTables } from "./handlers.js";
import { Refusals } from "./refusals.js";
import type { Validators } from "./validate.js";

/** The one way into the handlers: credentials, validity, scope, session, then the handler under its deadline. Rejects only with ContractError. */
export interface Dispatch {
  unary(id: UnaryOperationId, request: unknown, call: Call): Promise<unknown>;
  stream(id: StreamOperationId, request: unknown, call: Call): Promise<OpenStream>;
  /** Refuses new calls that need credentials with `shutting_down`; resolves when the unary calls under way are done. */
  drain(): Promise<void>;
}

/** Told about every finished call (a stream's opening counts as one); `code` is `ok` or the error's code. */
export type CallObserver = (id: OperationId, call: Call, code: string, elapsedMs: number) => void;

export interface DispatchOptions {
  handlers: HandlerTable;
  validators: Validators;
  sessionOwner: SessionOwner;
  observe?: CallObserver;
  /** Milliseconds per timeout class; default 30 s and 75 s (the longest wait that a request may ask for, and some). */
  timeouts?: { short: number; wait: number };
  /** Short calls under way at once, for each plane by itself; default 128. */
  calls?: number;
}

/** How long more than that may be under way. */
const burstMs = 250;
/** Long enough to be worth waiting for, short enough not to leave the daemon idle. */
const busyRetryMs = 100;
/** Refusals that ask to come again are held back for so long at least; the others once so many came in that time. */
const busyHoldMs = 250;
const freeRefusals = 32;

type AnyHandler = (request: unknown, context: CallContext) => Promise<unknown>;

export function createDispatch(options: DispatchOptions): Dispatch {
  const { handlers, validators, sessionOwner, observe } = options;
  const timeouts = { short: 30_000, wait: 75_000, ...options.timeouts };
  const deadlines = new Map<string, Deadlines>();
  const { calls = 128 } = options;
  const admissions = new Map<string, Admission>();
  const refusals = new Refusals({ free: freeRefusals, holdMs: busyHoldMs });
  let inFlight = 0;
  let drained: (() => void) | undefined;

  function prepare(spec: OperationSpec, request: unknown, call: Call): unknown {
    const checked = validators.request(spec.id)(request);
    if (!checked.ok) {
      throw new ContractError(spec.validationError, { details: checked.details });
    }
    requireScope(spec.scope, call.principal);
    if (call.principal !== null) {
      requireSession(call.principal, call.session, sessionOwner);
    }
    return checked.value;
  }

  function deadlinesOf(timeout: "short" | "wait", call: Call): Deadlines {
    let queue = deadlines.get(timeout);
    if (queue === undefined) {
      queue = new Deadlines(call.clock, timeouts[timeout]);
      deadlines.set(timeout, queue);
    }
    return queue;
  }

  /**
   * Room for a call, taken before its request is looked at; undefined when its kind needs none: waits and streams cost
   * little, and the system plane is how somebody looks into a daemon that is busy. Each plane has room of its own, so
   * that senders do not keep out the hosts that work off what was sent.
   */
  function admit({ plane, timeout }: OperationSpec, now: number): Admission | "none" | undefined {
    if (timeout !== "short" || plane === "system") return undefined;
    let admission = admissions.get(plane);
    if (admission === undefined) {
      admission = new Admission({ calls, burstMs });
      admissions.set(plane, admission);
    }
    return admission.enter(now) ? admission : "none";
  }

  /** Tells a refusal after the wait. */
  function holdBack({ clock }: Call, waitMs: number, tell: () => void): void {
    refusals.hold();
    clock.after(waitMs, () => {
      refusals.tell();
      tell();
    });
  }

  /** One promise per call, settled once: by the handler, by its deadline, or by what is checked before both. */
  function run(id: OperationId, request: unknown, call: Call): Promise<unknown> {
    const started = call.clock.monotonic();
    inFlight += 1;
    return new Promise((resolve, reject) => {
      let queue: Deadlines | undefined;
      let deadline: Deadline | undefined;
      let admission: Admission | undefined;
      let settled = false;
      const settle = (code: string): boolean => {
        if (settled) {
          return false;
        }
        settled = true;
        if (deadline !== undefined) {
          queue?.remove(deadline);
        }
        admission?.leave();
        observe?.(id, call, code, call.clock.monotonic() - started);
        inFlight -= 1;
        if (inFlight === 0) {
          drained?.();
        }
        return true;
      };
      const fail = (thrown: unknown): void => {
        const error = ContractError.from(thrown);
        if (settle(error.code)) {
          report(id, call, error);
          reject(error);
        }
      };
      /** What the handler refuses for the moment is held back when there is much of it, and its room is others' by then. */
      const refuse = (thrown: unknown): void => {
        const error = ContractError.from(thrown);
        const waitMs =
          error.retryAfterMs === undefined || admission === undefined || settled
            ? 0
            : refusals.waitOf(call.clock.monotonic());
        if (waitMs === 0) {
          fail(error);
          return;
        }
        admission?.leave();
        admission = undefined;
        holdBack(call, waitMs, () => fail(error));
      };
      try {
        const spec: OperationSpec = operations[id];
        if (drained !== undefined && spec.scope !== null) {
          throw new ContractError("shutting_down", { retryAfterMs: 1000 });
        }
        requireCredentials(spec, call.principal);
        const room = admit(spec, started);
        if (room === "none") {
          holdBack(call, refusals.wait(), () => fail(busy(calls)));
          return;
        }
        admission = room;
        const valid = prepare(spec, request, call);
        if (spec.timeout !== "stream") {
          queue = deadlinesOf(spec.timeout, call);
          deadline = queue.add(started, () => {
            const error = new ContractError("deadline_exceeded");
            call.cancel(error);
            fail(error);
          });
          call.deadline = deadline.at;
        }
        (handlers[id] as AnyHandler)(valid, call).then((result) => {
          if (settle("ok")) {
            resolve(result);
          }
        }, refuse);
      } catch (thrown) {
        fail(thrown);
      }
    });
  }

  return {
    unary: run,
    stream: (id, request, call) => run(id, request, call) as Promise<OpenStream>,
    drain() {
      return new Promise((resolve) => {
        drained = resolve;
        if (inFlight === 0) {
          resolve();
        }
      });
    },
  };
}

function busy(calls: number): ContractError {
  const expected = `at most ${calls} calls of this plane under way`;
  const details = [{ field: "", issue: "out_of_range" as const, expected, got: "more" }];
  return new ContractError("quota_exceeded", { details, retryAfterMs: busyRetryMs });
}

/** What the caller is not told is told to the log. */
function report(id: OperationId, call: Call, error: ContractError): void {
  if (error.code === "internal" || error.code === "storage_unavailable") {
    const fields = { request_id: call.requestId, operation: id, err: error.cause };
    call.log.error(fields, "An operation failed inside the daemon.");
  }
}

/** The planes' tables by operation id. */
export function handlerTable(planes: PlaneTables): HandlerTable {
  const table: Partial<Record<OperationId, unknown>> = {};
  for (const { id, plane, verb } of Object.values(operations) as OperationSpec[]) {
    table[id] = (planes as Record<string, Record<string, unknown>>)[plane]?.[verb];
  }
  return table as HandlerTable;
}
