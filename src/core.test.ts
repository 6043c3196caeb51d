import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { SimulatedClock } from "../test/support/simulated-clock.js";
import { seededIds } from "../test/support/simulation.js";
import { type CommsRuntime, type Core, type CoreCommand, openCore, SendAndStreamError } from "./core.js";
import type { CommsStreamEvent } from "./generated/types.js";
import { openMemory } from "./storage/memory/open-memory.js";

const opened: Core[] = [];
afterEach(async () => {
  for (const core of opened.splice(0)) await core.close();
});

async function memoryCore(): Promise<Core> {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const core = await openCore({ backend, clock, ids: seededIds(clock, "core") });
  opened.push(core);
  return core;
}

/** A host that has its name: peers list it from then on. */
async function hostOf(core: Core, name: string): Promise<CommsRuntime> {
  const host = core.as(name);
  expect(await host.drainInboxInteractions()).toEqual([]);
  return host;
}

const ask = (to: string, body = "hi"): CoreCommand => ({
  kind: "peer_request",
  to,
  intent: "ask",
  params: { body },
});

async function all(stream: AsyncIterable<CommsStreamEvent>): Promise<CommsStreamEvent[]> {
  const events: CommsStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

async function failure(promise: Promise<unknown>): Promise<SendAndStreamError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SendAndStreamError);
  return error as SendAndStreamError;
}

describe("[seed003.m6] the in-process TypeScript core", () => {
  test("sends, streams from the first event on, and ends with the terminal one", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const alice = core.as("alice");
    expect((await alice.peers()).peers.map(({ name }) => name)).toContain("bob");

    const { receipt, stream } = await alice.sendAndStream(ask("bob"));
    expect(receipt).toMatchObject({ kind: "peer_request_sent", stream_reserved: true });
    const [interaction] = await bob.drainInboxInteractions();
    expect(interaction).toMatchObject({ kind: "peer_request", from: "alice", params: { body: "hi" } });
    const sender = bob.takeInteractionStreamSender(interaction!.interaction_id)!;
    const turn_id = "00000000-0000-7000-8000-000000000000";
    expect(
      await sender.send(
        { kind: "text_delta", turn_id, delta: "he" },
        { kind: "text_delta", turn_id, delta: "llo" },
      ),
    ).toBe(4);
    await sender.settle({ kind: "done", result: "hello" });
    const events = await all(stream);
    expect(events.map(({ sequence, event }) => [sequence, event.kind])).toEqual([
      [1, "interaction_started"],
      [2, "delivery_updated"],
      [3, "text_delta"],
      [4, "text_delta"],
      [5, "interaction_complete"],
    ]);
    expect(stream.closed?.reason).toBe("terminal");
  });

  test("an answer that came before its reader waits for it", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const alice = core.as("alice");
    const receipt = await alice.send({
      kind: "peer_request",
      to: "bob",
      intent: "ask",
      params: null,
      stream: "reserve_interaction",
    });
    const interaction_id = (receipt as { interaction_id: string }).interaction_id;
    await bob.drainInboxInteractions();
    await bob.takeInteractionStreamSender(interaction_id)!.settle({ kind: "done", result: 1 });
    const events = await all(await alice.stream({ kind: "interaction", interaction_id }));
    expect(events.at(-1)?.event).toEqual({ kind: "interaction_complete", result: 1 });
  });

  test("a stream's sender is taken once", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    await core.as("alice").send(ask("bob"));
    const [interaction] = await bob.drainInboxInteractions();
    const id = interaction!.interaction_id;
    expect(bob.takeInteractionStreamSender(id)?.interaction).toEqual(interaction);
    expect(bob.takeInteractionStreamSender(id)).toBeUndefined();
    expect(bob.takeInteractionStreamSender("00000000-0000-7000-8000-000000000000")).toBeUndefined();
  });

  test("leaving the loop gives the reservation up, detaching keeps it", async () => {
    const core = await memoryCore();
    await hostOf(core, "bob");
    const alice = core.as("alice");
    const { receipt, stream } = await alice.sendAndStream(ask("bob"));
    const { interaction_id } = receipt as { interaction_id: string };
    const scope = { kind: "interaction", interaction_id } as const;
    expect((await stream.next()).value).toMatchObject({ sequence: 1 });
    await expect(alice.stream(scope)).rejects.toMatchObject({ code: "already_attached" });
    await stream.detach();
    const resumed = await alice.stream(scope, { afterSequence: 1 });
    for await (const event of await alice.stream(scope, { follow: false })) expect(event.sequence).toBe(1);
    await resumed.return();
    expect(resumed.closed?.reason).toBe("closed");
    await resumed.close();
    await expect(alice.stream(scope)).rejects.toMatchObject({ code: "not_reserved" });
  });

  test("a runtime that closes drops its streams and lets go of its session", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const alice = core.as("alice");
    const { receipt } = await alice.sendAndStream(ask("bob"));
    await expect(core.as("bob").drainInboxInteractions()).rejects.toMatchObject({
      code: "session_name_taken",
    });
    await alice.close();
    const { interaction_id } = receipt as { interaction_id: string };
    const again = await core.as("alice").stream({ kind: "interaction", interaction_id });
    expect(again.opened.snapshot.state).toBe("attached");
    await bob.close();
    expect(await core.as("bob").drainInboxInteractions()).toMatchObject([{ interaction_id, attempt: 1 }]);
  });

  test("a drain waits for the first interaction, or until it is cancelled", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const waiting = bob.drainInboxInteractions({ waitMs: 60_000 });
    await core.as("alice").send({ kind: "peer_message", to: "bob", body: "now" });
    expect(await waiting).toMatchObject([{ kind: "peer_message", body: "now" }]);
    const gone = new AbortController();
    const cancelled = bob.drainInboxInteractions({ waitMs: 60_000, signal: gone.signal });
    gone.abort();
    await expect(cancelled).rejects.toMatchObject({ code: "request_cancelled" });
  });

  test("requests are checked as on every wire, and stay the caller's own", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const alice = core.as("alice");
    const wrong = alice.send({ kind: "peer_message", to: "bob", status: "completed" } as never);
    await expect(wrong).rejects.toMatchObject({
      code: "invalid_command",
      details: [
        { field: "body", issue: "missing_field" },
        { field: "status", issue: "forbidden_field" },
      ],
    });
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const unsayable of [circle, undefined, () => 1, { body: 1n }])
      await expect(alice.send(unsayable as never)).rejects.toMatchObject({ code: "parse_error" });
    const command = Object.freeze({
      kind: "peer_request",
      to: "bob",
      intent: "ask",
      params: Object.freeze({ a: 1 }),
    });
    await alice.send(command);
    const [interaction] = await bob.drainInboxInteractions();
    expect(interaction).toMatchObject({ params: { a: 1 } });
  });

  test("what comes out is the caller's own copy too", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const alice = core.as("alice");
    const command = { ...ask("bob"), options: { idempotency_key: "k" } };
    const receipt = await alice.send(command);
    const said = structuredClone(receipt);
    Object.assign(receipt, { kind: "nothing", envelope_id: "" });
    expect(await alice.send(command)).toEqual({ ...said, deduplicated: true });
    const [item] = await bob.drainInboxInteractions();
    const { interaction_id } = item!;
    Object.assign((item as { params: object }).params, { body: "changed" });
    await bob.takeInteractionStreamSender(interaction_id)!.settle({ kind: "retry_after", delay_ms: 0 });
    expect(await bob.drainInboxInteractions()).toMatchObject([{ interaction_id, params: { body: "hi" } }]);
  });

  test("what was accepted is in the file for the next process", async () => {
    const folder = mkdtempSync(join(tmpdir(), "parley-core-"));
    try {
      const path = join(folder, "parley.db");
      const first = await openCore({ path });
      await hostOf(first, "bob");
      const command = { ...ask("bob"), options: { idempotency_key: "k" } };
      const receipt = await first.as("alice").send(command);
      await first.close();
      await using second = await openCore({ path });
      expect(await second.as("alice").send(command)).toEqual({ ...receipt, deduplicated: true });
      expect(await second.as("bob").drainInboxInteractions()).toMatchObject([{ params: { body: "hi" } }]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("[seed003.m5] sendAndStream tells at which stage it failed", () => {
  test.each<[string, CoreCommand, string]>([
    ["a peer that is not there", ask("nobody"), "peer_not_found"],
    ["a kind without an interaction", { kind: "peer_message", to: "bob", body: "hi" }, "invalid_command"],
    ["a field that is not allowed", { ...ask("bob"), body: "hi" } as never, "invalid_command"],
  ])("before acceptance: %s leaves nothing behind", async (_, command, code) => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const error = await failure(core.as("alice").sendAndStream(command));
    expect(error).toMatchObject({ stage: "send", receipt: undefined, code });
    expect(await bob.drainInboxInteractions()).toEqual([]);
  });

  test("before acceptance: its own session is refused before anything is reserved", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const { session_id } = await bob.session("bob");
    const error = await failure(bob.sendAndStream({ kind: "input", session_id, body: "hi" }));
    expect(error).toMatchObject({ stage: "send", receipt: undefined, code: "self_session_denied" });
    expect(await bob.drainInboxInteractions()).toEqual([]);
  });

  test("after acceptance: the receipt stays, the command is not rolled back, the reservation is free at once", async () => {
    const core = await memoryCore();
    const bob = await hostOf(core, "bob");
    const alice = core.as("alice");
    const error = await failure(alice.sendAndStream(ask("bob"), { afterSequence: 99 }));
    expect(error).toMatchObject({ stage: "stream_attach", code: "stream_not_found" });
    expect(error.receipt).toMatchObject({ kind: "peer_request_sent", stream_reserved: true });
    const { interaction_id } = error.receipt as { interaction_id: string };
    const scope = { kind: "interaction", interaction_id } as const;
    // No time has passed.
    await expect(alice.stream(scope)).rejects.toMatchObject({ code: "not_reserved" });
    expect(await bob.drainInboxInteractions()).toMatchObject([{ interaction_id }]);
    await bob.takeInteractionStreamSender(interaction_id)!.settle({ kind: "done" });
    const kept = await all(await alice.stream(scope, { follow: false }));
    expect(kept.map(({ event }) => event.kind)).toEqual([
      "interaction_started",
      "delivery_updated",
      "interaction_complete",
    ]);
  });
});
