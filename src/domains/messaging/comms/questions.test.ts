import { expect, test } from "vitest";
import { uncapped } from "../../../../test/support/uncapped.js";
import { type Host, World } from "../../../../test/support/world.js";
import type { SendReceipt } from "../../../generated/types.js";

const question = "0199f3a0-4c52-7c01-b200-000000000001";

/** Bob's host asks in the interaction that eve began. */
async function asked(world: World, bob: Host, prompt = "red or blue?", id = question): Promise<string> {
  const receipt = await world.call(
    "comms.send",
    { kind: "peer_request", to: "bob", intent: "ask", params: null, stream: "none" },
    { session: "eve" },
  );
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  await bob.drain();
  await ask(world, bob, receipt.interaction_id, prompt, id);
  return receipt.interaction_id;
}

function ask(world: World, bob: Host, interaction: string, prompt: string, id = question): Promise<unknown> {
  return world.call("sessions.emit", {
    name: "bob",
    claim_token: bob.claim,
    interaction_id: interaction,
    events: [{ kind: "interaction_input_required", request_id: id, prompt }],
  });
}

function answer(world: World, interaction: string, body: string, key?: string): Promise<SendReceipt> {
  const in_reply_to = { interaction_id: interaction, request_id: question };
  const options = { in_reply_to, ...(key === undefined ? {} : { idempotency_key: key }) };
  return world.call("comms.send", { kind: "peer_message", to: "bob", body, options }, { session: "eve" });
}

async function received(world: World, bob: Host, ids?: string[], max = 0): Promise<string[]> {
  const { answers = [], claim } = await world.call("sessions.drain", {
    name: "bob",
    lease_token: bob.token,
    max,
    wait_ms: 0,
    ...(ids === undefined ? {} : { answers_received: ids }),
  });
  if (claim !== undefined) bob.claim = claim.token;
  return answers.map(({ body }) => body);
}

async function started(limits = {}): Promise<{ world: World; bob: Host }> {
  const world = await World.start({ limits: { ...uncapped, ...limits } });
  await world.host("eve");
  return { world, bob: await world.host("bob") };
}

test("[comms.question-durable] after a restart a second answer is refused, and the first one reaches the host again", async () => {
  const { world, bob } = await started();
  const id = await asked(world, bob);
  const receipt = await answer(world, id, "blue", "k");
  expect(await received(world, bob)).toEqual(["blue"]);
  const again = await world.restart();
  await expect(answer(again, id, "red")).rejects.toMatchObject({ code: "question_answered" });
  expect(await answer(again, id, "blue", "k")).toEqual({ ...receipt, deduplicated: true });
  expect(await received(again, bob.on(again), [])).toEqual(["blue"]);
  await again.stop();
});

test("[comms.question-durable] a question can be answered after a restart, and after its event was trimmed", async () => {
  const { world, bob } = await started({ sessionEventsMax: 64 });
  const id = await asked(world, bob);
  for (let n = 0; n < 300; n += 1) await bob.emit(id, `${n}`);
  const again = await world.restart("again", { ...uncapped, sessionEventsMax: 64 });
  await answer(again, id, "blue");
  for (let n = 0; n < 300; n += 1) await bob.on(again).emit(id, `${n}`);
  const third = await again.restart("third", { ...uncapped, sessionEventsMax: 64 });
  await expect(answer(third, id, "red")).rejects.toMatchObject({ code: "question_answered" });
  const events = await third.read({ kind: "interaction", interaction_id: id });
  expect(events.filter(({ event }) => event.kind === "delivery_updated")).toEqual([]);
  await third.stop();
});

test("[comms.question-once] of many answers at once the first counts, and the log shows one", async () => {
  const { world, bob } = await started();
  const id = await asked(world, bob);
  const tries = await Promise.allSettled(["a", "b", "c", "d"].map((body) => answer(world, id, body)));
  expect(tries.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "rejected"]);
  for (const one of tries.slice(1)) expect(one).toMatchObject({ reason: { code: "question_answered" } });
  expect(await received(world, bob)).toEqual(["a"]);
  const events = await world.read({ kind: "interaction", interaction_id: id });
  expect(events.map(({ event }) => event.kind)).toEqual([
    "interaction_started",
    "delivery_updated",
    "interaction_input_required",
    "delivery_updated",
  ]);
  await world.stop();
});

test("[comms.question-answer] a host that waits is woken by the answer, whatever it has room for", async () => {
  const { world, bob } = await started();
  const id = await asked(world, bob);
  const request = { name: "bob", lease_token: bob.token, max: 0, wait_ms: 30_000, answers_received: [] };
  const waiting = world.call("sessions.drain", request);
  await answer(world, id, "blue");
  expect(await waiting).toMatchObject({
    interactions: [],
    answers: [{ request_id: question, body: "blue" }],
  });
  await world.stop();
});

test("[comms.question-answer] an answer waits for the host that claims the interaction next", async () => {
  const { world, bob } = await started();
  const id = await asked(world, bob);
  await world.clock.advance(61_000);
  await answer(world, id, "blue");
  expect(await received(world, bob)).toEqual([]);
  expect(await received(world, bob, [], 1)).toEqual(["blue"]);
  await world.stop();
});

test("[comms.question-answer] large answers come in several drains, in order", async () => {
  const { world, bob } = await started();
  const id = await asked(world, bob);
  const body = "x".repeat(262_144);
  const ids = Array.from({ length: 6 }, (_, n) => `0199f3a0-4c52-7c01-b200-00000000010${n}`);
  for (const request_id of ids) {
    await ask(world, bob, id, "more?", request_id);
    const options = { in_reply_to: { interaction_id: id, request_id } };
    await world.call("comms.send", { kind: "peer_message", to: "bob", body, options }, { session: "eve" });
  }
  const got: string[] = [];
  for (let had: string[] = []; got.length < 6; ) {
    const { answers = [] } = await world.call("sessions.drain", {
      name: "bob",
      lease_token: bob.token,
      max: 0,
      wait_ms: 0,
      answers_received: had,
    });
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.length).toBeLessThan(5);
    had = answers.map(({ envelope_id }) => envelope_id);
    got.push(...answers.map(({ request_id }) => request_id));
  }
  expect(got).toEqual(ids);
  await world.stop();
});

test("[comms.question-answer] with ttl_ms 0 an answer needs a host that is there", async () => {
  const { world, bob } = await started();
  const id = await asked(world, bob);
  await world.clock.advance(2 * 86_400_000);
  const options = { ttl_ms: 0, in_reply_to: { interaction_id: id, request_id: question } };
  const command = { kind: "peer_message" as const, to: "bob", body: "blue", options };
  const sent = world.call("comms.send", command, { session: "eve" });
  await expect(sent).rejects.toMatchObject({ code: "peer_offline" });
  await world.stop();
});

test("[comms.question-errors] only the asker answers, once, while the interaction lasts, and only what was asked", async () => {
  const { world, bob } = await started();
  const id = await asked(world, bob);
  const send = (session: string, interaction_id: string, request_id: string): Promise<unknown> => {
    const options = { in_reply_to: { interaction_id, request_id } };
    return world.call("comms.send", { kind: "peer_message", to: "bob", body: "x", options }, { session });
  };
  const unknown = "0199f3a0-4c52-7c01-b200-00000000000f";
  await expect(send("zed", id, question)).rejects.toMatchObject({ code: "permission_denied" });
  await expect(send("bob", id, question)).rejects.toMatchObject({ code: "permission_denied" });
  await expect(send("eve", id, unknown)).rejects.toMatchObject({ code: "question_not_found" });
  await expect(send("eve", unknown, question)).rejects.toMatchObject({ code: "interaction_not_found" });
  await bob.settle(id);
  await expect(send("eve", id, question)).rejects.toMatchObject({ code: "interaction_ended" });
  await world.stop();
});
