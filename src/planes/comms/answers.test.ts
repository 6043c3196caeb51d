import { expect, test } from "vitest";
import { uncapped } from "../../../test/support/uncapped.js";
import { type Host, World } from "../../../test/support/world.js";
import type { CommsCommand } from "../../generated/types.js";
import type { CommsLimits } from "./ports.js";

const day = 86_400_000;

async function ask(world: World, session: string, more: object = {}): Promise<string> {
  const command = { kind: "peer_request", to: "bob", intent: "ask", params: null, stream: "none", ...more };
  const receipt = await world.call("comms.send", command as CommsCommand, { session });
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  return receipt.interaction_id;
}

/** Asks bob so often and has each request answered with its number. */
async function answered(world: World, bob: Host, count: number, from = 0): Promise<string[]> {
  const ids: string[] = [];
  for (let n = from; n < from + count; n += 1) {
    ids.push(await ask(world, "eve"));
    await bob.drain();
    expect(await bob.respond("eve", ids.at(-1)!, n)).toMatchObject({ delivery: { state: "delivered" } });
    await bob.settle(ids.at(-1)!);
  }
  return ids;
}

async function started(limits: Partial<CommsLimits> = {}): Promise<{ world: World; bob: Host; eve: Host }> {
  const world = await World.start({ limits: { ...uncapped, ...limits } });
  return { world, bob: await world.host("bob"), eve: await world.host("eve") };
}

async function end(world: World, id: string): Promise<unknown> {
  const events = await world.read({ kind: "interaction", interaction_id: id });
  return events.at(-1)!.event;
}

async function policy(world: World, { name, token }: Host, peer_response: "hold" | "refuse"): Promise<void> {
  const inbound_policy = { peer_response };
  await world.call("sessions.open", { name, lease_token: token, ttl_ms: day, inbound_policy });
}

test("[comms.answer-always] an asker that never reads wedges neither the host nor an unrelated sender", async () => {
  const { world, bob } = await started();
  await answered(world, bob, 1_100);
  await world.host("ann");
  const id = await ask(world, "ann");
  expect(await bob.drain()).toMatchObject([{ interaction_id: id, attempt: 1 }]);
  await bob.respond("ann", id, "for ann");
  expect(await end(world, id)).toEqual({ kind: "interaction_complete", result: "for ann" });
  await world.stop();
});

const askers: Record<string, (world: World, eve: Host) => Promise<unknown>> = {
  "has a full inbox": async (world) => {
    for (let n = 0; n < 2; n += 1)
      await world.call("comms.send", { kind: "peer_message", to: "eve", body: `${n}` }, { session: "bob" });
  },
  "refuses answers": (world, eve) => policy(world, eve, "refuse"),
  "holds answers": (world, eve) => policy(world, eve, "hold"),
  "is closed": (world, { name, token }) => world.call("sessions.close", { name, lease_token: token }),
  "is closed, and its name has another owner": async (world, { name, token }) => {
    await world.call("sessions.close", { name, lease_token: token });
    await world.host("eve");
  },
  "has no host any more": async (world) => world.clock.advance(2 * day),
};

test.each(Object.entries(askers))(
  "[comms.answer-always] an answer ends its interaction although the asker %s",
  async (_, change) => {
    const { world, bob, eve } = await started({ inboxMax: 2, unreadPerSender: 2 });
    const id = await ask(world, "eve", { options: { ttl_ms: 3 * day } });
    await bob.drain();
    await bob.emit(id, "on it");
    await change(world, eve);
    for (const status of ["accepted", "completed"] as const)
      expect(await bob.respond("eve", id, status, status)).toMatchObject({
        kind: "peer_response_sent",
        delivery: { state: "delivered", attempt: 1 },
      });
    expect(await end(world, id)).toEqual({ kind: "interaction_complete", result: "completed" });
    await expect(bob.respond("eve", id, "late")).rejects.toMatchObject({ code: "interaction_ended" });
    await world.stop();
  },
);
