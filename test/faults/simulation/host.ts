import type { InboxInteraction, Outcome } from "../../../src/generated/types.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import type { Caller } from "./network.js";
import { readSession } from "./reader.js";
import type { SimulatedWorld } from "./world.js";

const turnId = "00000000-0000-7000-8000-000000000000";

interface Holding {
  name: string;
  token: string;
  claim: string;
  caller: Caller;
}

/** Serves one name for ever: one holder after the other, each until it dies or loses the name. */
export async function host(world: SimulatedWorld, name: string): Promise<void> {
  const { scheduler, network, ledger } = world;
  const { random } = scheduler;
  const ttlMs = random.pick([5_000, 30_000]);
  let incarnation = 0;
  let token = `${name}-holder-${incarnation}-secret`;
  const reading = new Set<string>();
  for (;;) {
    const bound = random.chance(0.3);
    const caller: Caller = {
      ...world.caller(name),
      ...(bound ? { connection: `${name}-connection-${incarnation}` } : {}),
    };
    try {
      const { session } = await world.insist(
        () => network.call("sessions.open", { name, lease_token: token, ttl_ms: ttlMs }, caller, true),
        (error) => error instanceof ContractError && error.code === "fence_stale",
      );
      if (bound) ledger.unbound(name);
      if (!reading.has(session.session_id)) {
        reading.add(session.session_id);
        void readSession(world, world.caller(name), session.session_id);
      }
      await serve(world, { name, token, claim: "", caller });
    } catch {
      // The name went to somebody else.
    }
    if (caller.connection !== undefined) network.disconnect(caller.connection);
    incarnation += 1;
    // A restarted program knows its token, a new one does not.
    if (random.chance(0.6)) token = `${name}-holder-${incarnation}-secret`;
    await scheduler.sleep(random.next() * (world.calm ? 1_000 : 20_000), "down");
  }
}

/** Takes and does work until the holder dies; rejects when it lost the name. */
async function serve(world: SimulatedWorld, holding: Holding): Promise<void> {
  const { scheduler, network, ledger } = world;
  const { random } = scheduler;
  const { name, token, caller } = holding;
  for (;;) {
    const { claim, interactions } = await world.insist(
      () => {
        const request = {
          name,
          lease_token: token,
          max: random.between(1, 4),
          wait_ms: world.calm ? 20_000 : 3_000,
        };
        return network.call("sessions.drain", request, caller);
      },
      (error) =>
        error instanceof ContractError &&
        (error.code === "fence_stale" || error.code === "session_not_found"),
    );
    const dies = !world.calm && random.chance(0.05);
    const work = interactions.map((item, at) =>
      dies && at > 0 ? undefined : perform(world, { ...holding, claim: claim!.token }, item).catch(() => {}),
    );
    if (dies) return;
    await Promise.all(work);
    if (!world.calm && random.chance(0.01)) {
      ledger.closing(name);
      await network.call("sessions.close", { name, lease_token: token }, caller).catch(() => {});
    }
  }
}

/** Does one interaction; rejects when the claim is lost. */
async function perform(
  world: SimulatedWorld,
  { name, claim, caller }: Holding,
  item: InboxInteraction,
): Promise<void> {
  const { scheduler, network, ledger } = world;
  const { random } = scheduler;
  const { interaction_id: id } = item;
  const base = { name, claim_token: claim, interaction_id: id };
  const lost = (error: unknown): boolean =>
    error instanceof ContractError && !["storage_unavailable", "shutting_down"].includes(error.code);
  const texts = random.between(0, 3);
  for (let at = 0; at < texts; at += 1) {
    const delta = `${claim}/${id}/${at}`;
    const request = {
      ...base,
      events: [{ kind: "text_delta" as const, turn_id: turnId, delta }],
      idempotency_key: `text ${claim} ${at}`,
    };
    await world.insist(() => network.call("sessions.emit", request, caller, true), lost);
    await scheduler.sleep(random.next() * (!world.calm && random.chance(0.05) ? 70_000 : 500), "work");
  }
  if ((item.kind === "peer_request" || item.kind === "input") && random.chance(0.4)) {
    const status = random.pick(["accepted", "completed", "failed"] as const);
    if (status !== "accepted") ledger.answering(id);
    const answer = {
      kind: "peer_response" as const,
      to: item.from,
      in_reply_to: id,
      status,
      result: claim,
      options: { idempotency_key: `answer ${id} ${claim}` },
    };
    await world
      .insist(() => network.call("comms.send", answer, { ...caller, session: name }, true), lost)
      .catch((error: unknown) => {
        if (!(error instanceof ContractError) || error.code === "fence_stale") throw error;
      });
  }
  const outcome = outcomeOf(world, claim);
  if (outcome.kind === "retry_after") ledger.givingBack(id);
  await world.insist(() => network.call("sessions.settle", { ...base, outcome }, caller, true), lost);
}

function outcomeOf({ scheduler }: SimulatedWorld, claim: string): Outcome {
  const { random } = scheduler;
  if (random.chance(0.1)) return { kind: "retry_after", delay_ms: random.between(0, 10_000) };
  if (random.chance(0.1)) return { kind: "dead", code: "executor_error", message: claim, retryable: false };
  return { kind: "done", result: claim };
}
