import { describe, expect, test } from "vitest";
import { HeldStore } from "../../../../test/support/held-store.js";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { settle } from "../../../../test/support/simulation.js";
import { type Host, World } from "../../../../test/support/world.js";
import type { CommsCommand, SendReceipt } from "../../../generated/types.js";
import { openMemory } from "../../../storage/memory/open-memory.js";
import type { CommsLimits } from "../ports.js";

interface Scene {
  store: HeldStore;
  world: World;
  bob: Host;
  eve: Host;
  send(command: CommsCommand): Promise<SendReceipt>;
}

async function scene(limits: Partial<CommsLimits> = {}): Promise<Scene> {
  const clock = new SimulatedClock();
  const store = new HeldStore(openMemory({ clock }));
  const world = await World.start({ clock, backend: store.backend, limits });
  const bob = await world.host("bob");
  const eve = await world.host("eve");
  const send = (command: CommsCommand): Promise<SendReceipt> =>
    world.call("comms.send", command, { session: command.kind === "peer_response" ? "bob" : "eve" });
  return { store, world, bob, eve, send };
}

const ask = (key: string, more: Partial<CommsCommand> = {}): CommsCommand =>
  ({
    kind: "peer_request",
    to: "bob",
    intent: "ask",
    params: null,
    stream: "none",
    options: { idempotency_key: key },
    ...more,
  }) as CommsCommand;

const answer = (id: string, key: string, result: unknown = null): CommsCommand => ({
  kind: "peer_response",
  to: "eve",
  in_reply_to: id,
  status: "completed",
  result,
  options: { idempotency_key: key },
});

/** Sends the command twice while the inbox's log is in flight; the repeat comes after the first was issued. */
async function twice({ store, send }: Scene, command: CommsCommand): Promise<SendReceipt[]> {
  store.hold((log) => log.startsWith("inbox/"));
  const first = send(command);
  await settle();
  const repeat = send(command);
  await settle();
  const tries = Promise.all([first, repeat]);
  // A refusal must not end the test before everything is let go.
  tries.catch(() => {});
  await store.release();
  return tries;
}

describe("[comms.repeat-in-flight] a send that is repeated while its first try is in flight", () => {
  test("gives the same receipt", async () => {
    const all = await scene();
    const [first, again] = await twice(all, ask("k"));
    expect(first).toMatchObject({ kind: "peer_request_sent", deduplicated: false });
    expect(again).toEqual({ ...first, deduplicated: true });
    expect(await all.bob.drain()).toHaveLength(1);
    await all.world.stop();
  });

  test("is not refused because the first took the last room", async () => {
    const all = await scene({ inboxMax: 1 });
    const [first, again] = await twice(all, ask("k"));
    expect(again).toEqual({ ...first, deduplicated: true });
    await all.world.stop();
  });

  test("is not refused because the first took the sender's share", async () => {
    const all = await scene({ unreadPerSender: 1 });
    const [first, again] = await twice(all, ask("k"));
    expect(again).toEqual({ ...first, deduplicated: true });
    await all.world.stop();
  });

  test("with another content is a conflict, as it is later", async () => {
    const all = await scene();
    all.store.hold((log) => log.startsWith("inbox/"));
    const first = all.send(ask("k"));
    await settle();
    const other = expect(all.send(ask("k", { params: 2 } as never))).rejects.toMatchObject({
      code: "idempotency_conflict",
    });
    await all.store.release();
    await first;
    await other;
    await all.world.stop();
  });

  test("is accepted itself when the first fails", async () => {
    const { store, send, bob, world } = await scene();
    store.hold((log) => log.startsWith("inbox/"));
    const failed = expect(send(ask("k"))).rejects.toThrow("no space");
    await settle();
    const repeat = send(ask("k"));
    await settle();
    await store.held.shift()!.refuse();
    await failed;
    await store.release();
    expect(await repeat).toMatchObject({ deduplicated: false });
    expect(await bob.drain()).toHaveLength(1);
    await world.stop();
  });

  test("can be read by the receipt that came first", async () => {
    const { store, send, world } = await scene();
    store.hold((log) => log.startsWith("inbox/"));
    const reading = [0, 1].map(async () => {
      const receipt = await send(ask("k", { stream: "reserve_interaction" } as never));
      if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
      return world.read({ kind: "interaction", interaction_id: receipt.interaction_id });
    });
    await settle();
    await store.release();
    for (const events of await Promise.all(reading)) expect(events).toHaveLength(1);
    await world.stop();
  });

  test("is not refused as an answer to what its first try ends", async () => {
    const all = await scene();
    await all.send(ask("k"));
    const [item] = await all.bob.drain();
    const [first, again] = await twice(all, answer(item!.interaction_id, "a"));
    expect(first).toMatchObject({ kind: "peer_response_sent", deduplicated: false });
    expect(again).toEqual({ ...first, deduplicated: true });
    expect(await all.eve.drain()).toHaveLength(1);
    await all.world.stop();
  });

  test("is not refused as a cancel of what its first try ends", async () => {
    const all = await scene();
    const asked = await all.send(ask("k"));
    if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
    const params = { interaction_id: asked.interaction_id };
    const cancel = ask("c", { intent: "comms.cancel", params } as never);
    const [first, again] = await twice(all, cancel);
    expect(again).toEqual({ ...first, deduplicated: true });
    await all.world.stop();
  });
});

/** Lets `first` reach the inbox's log and `next` come behind it, fails the first, and gives what became of both. */
async function behindFailed<T>(
  { store }: Scene,
  first: () => Promise<unknown>,
  next: () => Promise<T>,
): Promise<PromiseSettledResult<T>> {
  store.hold((log) => log.startsWith("inbox/"));
  const failed = expect(first()).rejects.toThrow("no space");
  await settle();
  const behind = Promise.allSettled([next()]);
  await settle();
  await store.held.shift()!.refuse();
  await failed;
  await store.release();
  const [result] = await behind;
  return result!;
}

describe("[comms.ending-in-flight] while an end of an interaction is in flight", () => {
  test("no answer is accepted, although another end fails", async () => {
    const { store, send, bob, eve, world } = await scene();
    await send(ask("k"));
    const [item] = await bob.drain();
    const { interaction_id: id } = item!;
    store.hold((log) => log.startsWith("inbox/"));
    const answered = send(answer(id, "first", 1));
    await settle();
    const settled = expect(bob.settle(id)).rejects.toThrow("no space");
    await settle();
    await store.held.splice(1, 1)[0]!.refuse();
    await settled;
    const second = expect(send(answer(id, "second", 2))).rejects.toMatchObject({ code: "interaction_ended" });
    await settle();
    await store.release();
    await second;
    expect(await answered).toMatchObject({ kind: "peer_response_sent" });
    expect(await eve.drain()).toMatchObject([{ result: 1 }]);
    await world.stop();
  });

  test("an answer waits for it, and is accepted when it fails", async () => {
    const all = await scene();
    await all.send(ask("k"));
    const [item] = await all.bob.drain();
    const { interaction_id: id } = item!;
    const first = (): Promise<SendReceipt> => all.send(answer(id, "first", 1));
    const result = await behindFailed(all, first, () => all.send(answer(id, "second", 2)));
    expect(result).toMatchObject({ status: "fulfilled", value: { kind: "peer_response_sent" } });
    expect(await all.eve.drain()).toMatchObject([{ result: 2 }]);
    await all.world.stop();
  });

  test("of two answers that waited for one that failed, one is accepted", async () => {
    const all = await scene();
    await all.send(ask("k"));
    const [item] = await all.bob.drain();
    const { interaction_id: id } = item!;
    const others = (): Promise<PromiseSettledResult<SendReceipt>[]> =>
      Promise.allSettled([all.send(answer(id, "second", 2)), all.send(answer(id, "third", 3))]);
    const result = await behindFailed(all, () => all.send(answer(id, "first", 1)), others);
    expect(result).toMatchObject({
      value: [{ status: "fulfilled" }, { status: "rejected", reason: { code: "interaction_ended" } }],
    });
    await all.world.stop();
  });

  test("a cancel waits for it, and is accepted when it fails", async () => {
    const all = await scene();
    const asked = await all.send(ask("k"));
    if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
    const params = { interaction_id: asked.interaction_id };
    const cancel = (key: string) => () => all.send(ask(key, { intent: "comms.cancel", params } as never));
    const result = await behindFailed(all, cancel("first"), cancel("second"));
    expect(result).toMatchObject({ status: "fulfilled", value: { kind: "peer_request_sent" } });
    await all.world.stop();
  });

  test("a host's event waits for it, and is written when it fails", async () => {
    const all = await scene();
    await all.send(ask("k"));
    const [item] = await all.bob.drain();
    const { interaction_id: id } = item!;
    const result = await behindFailed(
      all,
      () => all.bob.settle(id),
      () => all.bob.emit(id, "still here"),
    );
    expect(result).toMatchObject({ status: "fulfilled" });
    await all.world.stop();
  });

  test("a refusal of a held command that comes again gets its answer, and another decision is refused", async () => {
    const all = await scene();
    const inbound_policy = { peer_request: "hold" as const };
    await all.world.call("sessions.open", {
      name: "bob",
      lease_token: all.bob.token,
      ttl_ms: 86_400_000,
      inbound_policy,
    });
    const asked = await all.send(ask("k"));
    if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
    const decide = (decision: "deliver" | "refuse"): Promise<object> =>
      all.world.call("sessions.release_held", {
        name: "bob",
        interaction_id: asked.interaction_id,
        decision,
      });
    all.store.hold((log) => log.startsWith("inbox/"));
    const decisions = Promise.allSettled([decide("refuse"), decide("refuse"), decide("deliver")]);
    await settle();
    await all.store.release();
    expect(await decisions).toMatchObject([
      { value: { already_released: false } },
      { value: { already_released: true } },
      { reason: { code: "not_held" } },
    ]);
    await all.world.stop();
  });
});
