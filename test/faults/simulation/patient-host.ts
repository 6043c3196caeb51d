import type { OperationTypes, UnaryOperationId } from "../../../sdks/typescript/src/generated/operations.js";
import { Call } from "../../../sdks/typescript/src/runtime/call.js";
import type { Environment } from "../../../sdks/typescript/src/runtime/environment.js";
import { clientError, errorFrom } from "../../../sdks/typescript/src/runtime/errors.js";
import { Host, type HostCalls } from "../../../sdks/typescript/src/runtime/host.js";
import type { CallOptions } from "../../../sdks/typescript/src/runtime/options.js";
import type { Interaction, Turn } from "../../../sdks/typescript/src/runtime/turn.js";
import type { SessionsSettleRequest } from "../../../src/generated/types.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import type { Seeded } from "../kit/seeded.js";
import { Running } from "./running.js";
import type { SimulatedWorld } from "./world.js";

/** The session that it serves. */
export const patientName = "gamma";
/** A call's time limit, milliseconds; a wait comes on top. */
const callLimitMs = 30_000;

/** The TypeScript SDK's host in the simulated world: its calls, time and randomness are the world's. It never ends. */
export class PatientHost {
  readonly running: Running;
  readonly #world: SimulatedWorld;
  readonly #random: Seeded;
  #runs = 0;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#random = world.scheduler.random.fork(3);
    this.running = new Running(world.scheduler);
  }

  /** Serves for as long as the world stands; rejects when the host gives up. */
  serve(): Promise<void> {
    const calls = { unary: this.#unary.bind(this), close: () => {} } as unknown as HostCalls;
    const concurrency = this.#random.between(1, 3);
    const host = new Host(calls, this.#environment(), patientName, { concurrency, ttl: 15_000 });
    return this.#world
      .insist(
        () => host.open(),
        () => false,
      )
      .then(() => host.serve((interaction, turn) => this.#work(interaction, turn)));
  }

  async #work(interaction: Interaction, turn: Turn): Promise<unknown> {
    const { ledger, calm } = this.#world;
    const random = this.#random;
    const { interaction_id: id, envelope_id, from, kind, attempt } = interaction;
    const run = `${patientName}-run-${this.#runs++}`;
    ledger.began(id, attempt);
    void turn.emit({ kind: "peer_content_ingested", envelope_id, from, command: kind });
    const texts: string[] = [];
    for (let left = random.between(0, 5); left > 0; left -= 1) {
      texts.push(`${run}/${id}/${left};`);
      await turn.text(texts.at(-1)!);
      await this.#delay(random.next() * (!calm && random.chance(0.25) ? 70_000 : 1_000));
      turn.signal.throwIfAborted();
    }
    if (random.chance(0.1)) return turn.fail(run);
    if (random.chance(0.1)) return turn.retryAfter(random.between(0, 10_000));
    ledger.completed(id, { result: run, text: texts.join("") });
    return run;
  }

  #unary<Id extends UnaryOperationId>(
    id: Id,
    request: OperationTypes[Id]["request"],
    options: CallOptions = {},
  ): Call<OperationTypes[Id]["response"]> {
    const outcome = this.#attempt(id, request, options);
    return new Call(
      outcome.then((value) => ({ value, response: { wire: "rpc", status: 200, headers: {}, body: "" } })),
    );
  }

  async #attempt<Id extends UnaryOperationId>(
    id: Id,
    request: OperationTypes[Id]["request"],
    { signal, idempotencyKey, session = "" }: CallOptions,
  ): Promise<OperationTypes[Id]["response"]> {
    const { ledger, network } = this.#world;
    const keyed = withKey(id, request, idempotencyKey);
    if (id === "comms.send") ledger.answering((keyed as { in_reply_to: string }).in_reply_to);
    if (id === "sessions.settle") {
      const { interaction_id, outcome } = keyed as SessionsSettleRequest;
      if (outcome.kind === "retry_after") ledger.givingBack(interaction_id);
    }
    const caller = { ...this.#world.caller(patientName), ...(session === "" ? {} : { session }) };
    const wait = (keyed as { wait_ms?: number }).wait_ms ?? 0;
    const ended = new AbortController();
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void =>
        this.running.run(() => {
          if (ended.signal.aborted) return;
          end();
          ended.abort();
        });
      if (signal?.aborted) return reject(clientError("request_cancelled"));
      signal?.addEventListener("abort", () => settle(() => reject(clientError("request_cancelled"))));
      void this.#delay(callLimitMs + wait, ended.signal).then(() =>
        settle(() => reject(clientError("deadline_exceeded"))),
      );
      network.call(id as never, keyed as never, caller, true).then(
        (answer) => settle(() => resolve(answer as OperationTypes[Id]["response"])),
        (error: unknown) => settle(() => reject(clientErrorOf(error))),
      );
    });
  }

  #environment(): Environment {
    return {
      now: () => this.#world.scheduler.now,
      random: () => this.#random.next(),
      uuid: () => {
        const digits = Array.from({ length: 32 }, () => this.#random.between(0, 15).toString(16)).join("");
        return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-7$3-8$4-$5");
      },
      delay: (ms, signal) => this.#delay(ms, signal),
    };
  }

  #delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        cancel();
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#world.scheduler.after(Math.max(1, ms), "host timer", () => this.running.run(done));
      signal?.addEventListener("abort", done);
    });
  }
}

/** The request with its idempotency key, where the operation has a place for it. */
function withKey(id: UnaryOperationId, request: object, key: string | undefined): object {
  if (key === undefined) return request;
  if (id === "sessions.emit") return { ...request, idempotency_key: key };
  return { ...request, options: { idempotency_key: key } };
}

function clientErrorOf(error: unknown): Error {
  // A daemon that stops cuts its calls: their clients see the connection end.
  if (error instanceof ContractError && error.code !== "request_cancelled")
    return errorFrom(error.toPayload("a-request"));
  return clientError("daemon_unreachable");
}
