import { expect, test } from "vitest";
import { principalNamed, World } from "../../../../test/support/world.js";
import type { CommsCommand } from "../../../generated/types.js";
import type { Principal } from "../../../kernel/context.js";

const message: CommsCommand = { kind: "peer_message", to: "bob", body: "hi" };
const request: CommsCommand = {
  kind: "peer_request",
  to: "bob",
  intent: "ask",
  params: { n: 1 },
  stream: "none",
};

test("[comms.send-kinds] each kind waits in the recipient's inbox as it was said", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  expect(await world.call("comms.send", message)).toEqual({
    kind: "peer_message_sent",
    envelope_id: expect.any(String),
    interaction_id: expect.any(String),
    acked: true,
    delivery: {
      state: "delivered",
      at: "2026-01-01T00:00:00.000Z",
      attempt: 1,
      expires_at: "2026-01-02T00:00:00.000Z",
    },
    deduplicated: false,
  });
  const sent = await world.call("comms.send", request, { session: "eve" });
  expect(sent).toMatchObject({ kind: "peer_request_sent", stream_reserved: false });
  const input = await world.call("comms.send", {
    kind: "input",
    session_id: bob.sessionId,
    body: "do",
    stream: "reserve_interaction",
    allow_self_session: false,
  });
  expect(input).toMatchObject({ kind: "input_accepted", stream_reserved: true });
  expect(await bob.drain()).toMatchObject([
    { kind: "peer_message", body: "hi", from: "user-local", attempt: 1, stream_reserved: false },
    { kind: "peer_request", intent: "ask", params: { n: 1 }, from: "eve" },
    { kind: "input", body: "do", source: "rpc", stream_reserved: true },
  ]);
  await world.stop();
});

test("[comms.interaction-id] an interaction's id tells the session that holds its log", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const receipt = await world.call("comms.send", request);
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  expect(receipt.interaction_id.slice(-8)).toBe(bob.sessionId.slice(-8));
  await world.stop();
});

test("[comms.idempotency] [field.safe-retry] the same key gives the first receipt, another body a conflict, also after a restart", async () => {
  let world = await World.start();
  await world.host("bob");
  const keyed: CommsCommand = { ...request, options: { idempotency_key: "k" } };
  const [first, raced] = await Promise.all([
    world.call("comms.send", keyed),
    world.call("comms.send", keyed),
  ]);
  expect(raced).toEqual({ ...first, deduplicated: true });
  world = await world.restart();
  // Field order and trace context are not the command.
  const again = await world.call("comms.send", {
    stream: "none",
    params: { n: 1 },
    intent: "ask",
    to: "bob",
    kind: "peer_request",
    options: { idempotency_key: "k", traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
  });
  expect(again).toEqual({ ...first, deduplicated: true });
  await expect(world.call("comms.send", { ...keyed, params: 2 })).rejects.toMatchObject({
    code: "idempotency_conflict",
  });
  const other = await world.call("comms.send", keyed, { session: "eve" });
  expect(other).toMatchObject({ deduplicated: false });
  await world.stop();
});

test("[comms.admission] a full inbox refuses with a time to wait, but knows a repeated key", async () => {
  const world = await World.start({ limits: { inboxMax: 2 } });
  const bob = await world.host("bob");
  const keyed: CommsCommand = { ...message, options: { idempotency_key: "k" } };
  await world.call("comms.send", keyed);
  await world.call("comms.send", message);
  await expect(world.call("comms.send", message)).rejects.toMatchObject({
    code: "admission_dropped",
    retryAfterMs: 1000,
  });
  expect(await world.call("comms.send", keyed)).toMatchObject({ deduplicated: true });
  const [first] = await bob.drain(1);
  await bob.settle(first!.interaction_id);
  await world.call("comms.send", message);
  await world.stop();
});

test("[comms.admission] sends under way count against a full inbox", async () => {
  const world = await World.start({ limits: { inboxMax: 3 } });
  await world.host("bob");
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => world.call("comms.send", message)),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  await world.stop();
});

test("[comms.unread-cap] [field.consent] one sender fills its share of an inbox, not the others'", async () => {
  const world = await World.start({ limits: { unreadPerSender: 2 } });
  const bob = await world.host("bob");
  await world.host("eve");
  const keyed: CommsCommand = { ...message, options: { idempotency_key: "k" } };
  await world.call("comms.send", keyed);
  await world.call("comms.send", request);
  for (const command of [message, request])
    await expect(world.call("comms.send", command)).rejects.toMatchObject({
      code: "admission_dropped",
      retryAfterMs: 1000,
      details: [
        { field: "to", issue: "limit_reached", expected: "unread_per_sender: at most 2", got: "one more" },
      ],
    });
  // A repeat finds its first, others have their own share, and an input is no peer's message.
  expect(await world.call("comms.send", keyed)).toMatchObject({ deduplicated: true });
  await world.call("comms.send", message, { session: "eve" });
  await world.call("comms.send", {
    kind: "input",
    session_id: bob.sessionId,
    body: "x",
    stream: "none",
    allow_self_session: false,
  });

  // What a host has at hand is read; it is unread again when the host gives it back.
  const [first] = await bob.drain(1);
  await world.call("comms.send", message);
  await bob.settle(first!.interaction_id, { kind: "retry_after", delay_ms: 0 });
  await expect(world.call("comms.send", message)).rejects.toMatchObject({ code: "admission_dropped" });
  await bob.drain(64);
  await world.call("comms.send", message);
  world.clock.advance(61_000);
  await expect(world.call("comms.send", message)).rejects.toMatchObject({ code: "admission_dropped" });
  await world.stop();
});

test("[comms.unread-cap] [field.consent] sends under way count, and so does what the log has after a restart", async () => {
  const limits = { unreadPerSender: 3 };
  let world = await World.start({ limits });
  await world.host("bob");
  const send = () => world.call("comms.send", message);
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, send));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  world = await world.restart("again", limits);
  await expect(send()).rejects.toMatchObject({ code: "admission_dropped" });
  await world.stop();
});

test("[comms.unread-cap] [field.consent] answers are counted against nobody: they were asked for", async () => {
  const world = await World.start({ limits: { unreadPerSender: 2 } });
  const bob = await world.host("bob");
  await world.host("ann");
  for (let n = 0; n < 4; n += 1) {
    await world.call("comms.send", request, { session: "ann" });
    const [asked] = await bob.drain(1);
    await bob.respond("ann", asked!.interaction_id, n);
    await bob.settle(asked!.interaction_id);
  }
  expect((await world.call("sessions.get", { name: "ann" })).session.unread).toBe(4);
  await world.call("comms.send", { ...message, to: "ann" }, { session: "bob" });
  await world.stop();
});

test("[comms.sender-rate] a sender is let through at its rate and told when to come again", async () => {
  const world = await World.start({ limits: { sendsBurst: 2, sendsPerSecond: 4 } });
  await world.host("bob");
  const send = () => world.call("comms.send", message);
  await send();
  await send();
  await expect(send()).rejects.toMatchObject({
    code: "admission_dropped",
    retryAfterMs: 250,
    details: [
      { field: "to", issue: "limit_reached", expected: "sends_per_second: at most 4 after 2 at once" },
    ],
  });
  world.clock.advance(250);
  await send();
  await world.stop();
});

test("[comms.sender-rate] [comms.answer-always] the rate of a sender does not count its answers, progress included", async () => {
  const world = await World.start({ limits: { sendsBurst: 2, sendsPerSecond: 1 } });
  const bob = await world.host("bob");
  await world.host("ann");
  await world.call("comms.send", request, { session: "ann" });
  const [asked] = await bob.drain(1);
  const say = (status: "accepted" | "completed") => bob.respond("ann", asked!.interaction_id, 1, status);
  for (let n = 0; n < 5; n += 1) await say("accepted");
  await say("completed");
  await world.call("comms.send", { ...message, to: "ann" }, { session: "bob" });
  await world.stop();
});

test("[comms.unread-cap] what fills an inbox can be cancelled, at the sender's rate", async () => {
  const world = await World.start({
    limits: { inboxMax: 1, unreadPerSender: 1, sendsBurst: 3, sendsPerSecond: 1 },
  });
  await world.host("bob");
  const cancel = (id: string) =>
    world.call("comms.send", { ...request, intent: "comms.cancel", params: { interaction_id: id } });
  const sent = await world.call("comms.send", request);
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  await expect(world.call("comms.send", request)).rejects.toMatchObject({ code: "admission_dropped" });
  await cancel(sent.interaction_id);
  await world.call("comms.send", message);
  await expect(cancel(sent.interaction_id)).rejects.toMatchObject({
    code: "admission_dropped",
    details: [{ expected: "sends_per_second: at most 1 after 3 at once" }],
  });
  await world.stop();
});

test("[comms.loops] two hosts that answer every message with a message are slowed, and others are not", async () => {
  const world = await World.start({ limits: { loopTurns: 20 } });
  const hosts = [await world.host("ann"), await world.host("bob")] as const;
  const say = (from: 0 | 1, body: string) =>
    world.call(
      "comms.send",
      { kind: "peer_message", to: hosts[1 - from]!.name, body },
      { session: hosts[from].name },
    );
  await say(0, "hello");
  let turns = 0;
  const loop = async (): Promise<void> => {
    for (let from: 0 | 1 = 1; ; from = from === 1 ? 0 : 1) {
      const [heard] = await hosts[from].drain(1);
      await hosts[from].settle(heard!.interaction_id);
      await say(from, `turn ${turns}`);
      turns += 1;
    }
  };
  await expect(loop()).rejects.toMatchObject({
    code: "admission_dropped",
    details: [{ field: "to", expected: "loop_turns: at most 20 in turn, then one a second" }],
    retryAfterMs: 1000,
  });
  expect(turns).toBe(20);
  await world.call("comms.send", message);
  await world.stop();
});

test("[comms.self] nobody sends to itself unless it says so", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const as = { session: "bob" };
  await expect(world.call("comms.send", message, as)).rejects.toMatchObject({ code: "self_session_denied" });
  const input: CommsCommand = {
    kind: "input",
    session_id: bob.sessionId,
    body: "x",
    stream: "none",
    allow_self_session: false,
  };
  await expect(world.call("comms.send", input, as)).rejects.toMatchObject({ code: "self_session_denied" });
  expect(await world.call("comms.send", { ...input, allow_self_session: true }, as)).toMatchObject({
    kind: "input_accepted",
  });
  await world.stop();
});

test("[comms.input-owner] only who may use a session feeds it, so that its policy cannot be passed by", async () => {
  const world = await World.start();
  const ann = principalNamed("ann");
  const { session } = await world.call("sessions.open", { name: "bob", ttl_ms: 5000 }, { principal: ann });
  const input: CommsCommand = {
    kind: "input",
    session_id: session.session_id,
    body: "x",
    stream: "none",
    allow_self_session: false,
  };
  const as = (principal: Principal) =>
    world.call("comms.send", input, { principal, session: `user-${principal.name}` });
  await expect(as(principalNamed("ben"))).rejects.toMatchObject({ code: "permission_denied" });
  for (const principal of [
    ann,
    principalNamed("ben", ["bob"]),
    principalNamed("ben", ["*"]),
    principalNamed("local"),
  ])
    expect(await as(principal)).toMatchObject({ kind: "input_accepted" });
  await world.stop();
});

test("[comms.send-errors] what cannot be sent says why", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  await expect(world.call("comms.send", { ...message, to: "nobody" })).rejects.toMatchObject({
    code: "peer_not_found",
  });
  const input = {
    kind: "input",
    session_id: bob.sessionId,
    body: "x",
    stream: "none",
    allow_self_session: false,
  } as const;
  await expect(
    world.call("comms.send", { ...input, session_id: "00000000-0000-7000-8000-000000000000" }),
  ).rejects.toMatchObject({ code: "session_not_found" });
  await expect(world.call("comms.send", { ...input, source: "webhook" })).rejects.toMatchObject({
    code: "invalid_command",
    details: [{ field: "source", issue: "invalid_value", expected: "rpc", got: "webhook" }],
  });
  await world.call("comms.send", { ...input, source: "webhook" }, { surface: "rest" });
  await expect(world.call("comms.send", { ...request, intent: "comms.kill" })).rejects.toMatchObject({
    code: "invalid_command",
  });
  await expect(world.call("comms.send", { ...request, params: "é".repeat(300_000) })).rejects.toMatchObject({
    code: "payload_too_large",
  });
  await world.call("sessions.close", { name: "bob", lease_token: bob.token });
  await expect(world.call("comms.send", input)).rejects.toMatchObject({ code: "input_closed" });
  await expect(world.call("comms.send", message)).rejects.toMatchObject({ code: "peer_not_found" });
  await world.stop();
});

test("[comms.response] an answer ends the interaction once and reaches the asker's inbox", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const eve = await world.host("eve");
  const sent = await world.call("comms.send", request, { session: "eve" });
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  const id = sent.interaction_id;
  await bob.drain();
  await bob.respond("eve", id, "on it", "accepted");
  expect(await bob.respond("eve", id, { ok: true })).toEqual({
    kind: "peer_response_sent",
    envelope_id: expect.any(String),
    in_reply_to: id,
    delivery: {
      state: "delivered",
      at: "2026-01-01T00:00:00.000Z",
      attempt: 1,
      expires_at: "2026-01-02T00:00:00.000Z",
    },
    deduplicated: false,
  });
  await expect(bob.respond("eve", id, "late")).rejects.toMatchObject({ code: "interaction_ended" });
  await expect(bob.emit(id, "late")).rejects.toMatchObject({ code: "interaction_ended" });
  expect(await bob.settle(id, { kind: "done", result: "of no effect" })).toMatchObject({
    already_settled: false,
  });
  const events = await world.read({ kind: "interaction", interaction_id: id });
  expect(events.map(({ sequence, event }) => [sequence, event.kind])).toEqual([
    [1, "interaction_started"],
    [2, "delivery_updated"],
    [3, "peer_response_received"],
    [4, "peer_response_received"],
    [5, "interaction_complete"],
  ]);
  expect(events[4]!.event).toEqual({ kind: "interaction_complete", result: { ok: true } });
  expect(await eve.drain()).toMatchObject([
    { kind: "peer_response", from: "bob", in_reply_to: id, status: "accepted", result: "on it" },
    { kind: "peer_response", from: "bob", in_reply_to: id, status: "completed", result: { ok: true } },
  ]);
  await world.stop();
});

test("[comms.response] an answer to a reserved stream is read there and not queued", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const eve = await world.host("eve");
  const sent = await world.call(
    "comms.send",
    { ...request, stream: "reserve_interaction" },
    { session: "eve" },
  );
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  await bob.drain();
  await bob.respond("eve", sent.interaction_id, "no", "failed");
  expect(await eve.drain()).toEqual([]);
  const events = await world.read({ kind: "interaction", interaction_id: sent.interaction_id });
  expect(events.at(-1)!.event).toMatchObject({
    kind: "interaction_failed",
    reason: { code: "peer_failed", result: "no" },
  });
  await world.stop();
});

test("[comms.response-errors] only the session that was asked answers, and only to who asked", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const eve = await world.host("eve");
  const sent = await world.call("comms.send", request, { session: "eve" });
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  const id = sent.interaction_id;
  await expect(eve.respond("bob", id, 1)).rejects.toMatchObject({ code: "interaction_not_found" });
  await world.host("mallory");
  await expect(bob.respond("mallory", id, 1)).rejects.toMatchObject({
    code: "invalid_command",
    details: [{ field: "to", issue: "invalid_value", expected: "eve", got: "mallory" }],
  });
  await expect(bob.respond("eve", "00000000-0000-7000-8000-000000000000", 1)).rejects.toMatchObject({
    code: "interaction_not_found",
  });
  await world.stop();
});

test("[comms.response] of answers that race, one ends the interaction and the others are told", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  await world.host("eve");
  const sent = await world.call("comms.send", request, { session: "eve" });
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  await bob.drain();
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map((result) => bob.respond("eve", sent.interaction_id, result)),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  const events = await world.read({ kind: "interaction", interaction_id: sent.interaction_id });
  expect(events.filter(({ event }) => event.kind === "interaction_complete")).toHaveLength(1);
  await world.stop();
});

test("[comms.implicit-session] a caller without a session has an inbox that can be answered", async () => {
  const world = await World.start();
  const bob = await world.host("bob");
  const ann = { principal: principalNamed("ann", []) };
  const sent = await world.call("comms.send", request, ann);
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  const [item] = await bob.drain();
  expect(item!.from).toBe("user-ann");
  await bob.respond("user-ann", sent.interaction_id, 42);
  const inbox = await world.host("user-ann", ann);
  expect(await inbox.drain()).toMatchObject([{ kind: "peer_response", result: 42 }]);
  await world.stop();
});
