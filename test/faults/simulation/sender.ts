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

      if (isReserved(receipt) && random.chance(0.7))
        reading.push(readInteraction(world, caller, receipt.interaction_id));
    } catch (error) {
      if (!ledger.closed.has(to)) ledger.violated(`${key} was refused by an open session: ${String(error)}`);
    }
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
  const options = { idempotency_key: key };
  const [sessionId] = [...ledger.sessions].findLast(([, { name }]) => name === to) ?? [];
  if (random.chance(0.2)) return { kind: "peer_message", to, body: key, options };
  const stream = random.chance(0.6) ? "reserve_interaction" : "none";
  if (sessionId !== undefined && random.chance(0.2))
    return { kind: "input", session_id: sessionId, body: key, stream, allow_self_session: false, options };
  return { kind: "peer_request", to, intent: "work", params: { key }, stream, options };
}

function isReserved(receipt: SendReceipt): receipt is Extract<SendReceipt, { stream_reserved: boolean }> {
  return "stream_reserved" in receipt && receipt.stream_reserved;
}
