import type { CommsCommand, SendReceipt } from "../../../src/generated/types.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import { readInteraction } from "./reader.js";
import type { SimulatedWorld } from "./world.js";

/** Sends commands under keys, each until it is acknowledged, and follows the streams that it reserved. */
export async function sender(
  world: SimulatedWorld,
  name: string,
  hosts: readonly string[],
  count: number,
): Promise<void> {
  const { scheduler, network, ledger } = world;
  const { random } = scheduler;
  const caller = world.caller(name);
  const reading: Promise<void>[] = [];
  const sendOne = async (key: string): Promise<void> => {
    const to = random.pick(hosts);
    const command = composed(world, to, key);
    try {
      const receipt = await world.insist(
        () => network.call("comms.send", command, caller, true),
        // Nobody has the name yet, or for a while; an input names a session for good.
        (error) =>
          error instanceof ContractError &&
          (error.code === "input_closed" || error.code === "session_not_found"),
      );

      if ("interaction_id" in receipt && command.kind !== "input" && random.chance(0.15))
        reading.push(cancelOne(to, key.replace("-", "-c"), receipt.interaction_id));
      if (isReserved(receipt) && random.chance(0.7))
        reading.push(readInteraction(world, caller, receipt.interaction_id));
    } catch (error) {
      if (!ledger.closed.has(to)) ledger.violated(`${key} was refused by an open session: ${String(error)}`);
    }
  };
  const cancelOne = async (to: string, key: string, interaction_id: string): Promise<void> => {
    await scheduler.sleep(random.next() * 10_000, "change of mind");
    const command = {
      kind: "peer_request" as const,
      to,
      intent: "comms.cancel",
      params: { interaction_id },
      stream: "none" as const,
      options: { idempotency_key: key },
    };
    await world
      .insist(() => network.call("comms.send", command, caller, true), isTooLate)
      .catch((error: unknown) => {
        if (!isTooLate(error)) throw error;
      });
  };
  const pending: Promise<void>[] = [];
  for (let at = 0; at < count; at += 1) {
    pending.push(sendOne(`${name}-${at}`));
    if (random.chance(0.7)) await pending.at(-1);
    await scheduler.sleep(random.next() * 8_000, "think");
  }
  await Promise.all(pending);
  await Promise.all(reading);
}

function composed({ scheduler, ledger }: SimulatedWorld, to: string, key: string): CommsCommand {
  const { random } = scheduler;
  const ttl = random.chance(0.3) ? { ttl_ms: random.pick([5_000, 60_000, 600_000]) } : {};
  const options = { idempotency_key: key, ...ttl };
  const [sessionId] = [...ledger.sessions].findLast(([, { name }]) => name === to) ?? [];
  if (random.chance(0.2)) return { kind: "peer_message", to, body: key, options };
  const stream = random.chance(0.6) ? "reserve_interaction" : "none";
  if (sessionId !== undefined && random.chance(0.2))
    return { kind: "input", session_id: sessionId, body: key, stream, allow_self_session: false, options };
  return { kind: "peer_request", to, intent: "work", params: { key }, stream, options };
}

/** What was sent is over, or its session is. */
function isTooLate(error: unknown): boolean {
  return (
    error instanceof ContractError &&
    ["interaction_ended", "interaction_not_found", "peer_not_found", "input_closed"].includes(error.code)
  );
}

function isReserved(receipt: SendReceipt): receipt is Extract<SendReceipt, { stream_reserved: boolean }> {
  return "stream_reserved" in receipt && receipt.stream_reserved;
}
