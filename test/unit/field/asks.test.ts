import { expect, test } from "vitest";
import { errors } from "../../../src/generated/errors.js";
import { mcpTools } from "../../../src/generated/mcp.js";
import type { CommsStreamEvent } from "../../../src/generated/types.js";
import { createValidators } from "../../../src/kernel/validate.js";
import { settle } from "../../support/simulation.js";
import { World } from "../../support/world.js";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("[field.sleeping-agent] an agent that sleeps keeps its address and its mailbox, and is woken by what comes", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob");
  await world.call("sessions.open", { name: "bob", ttl_ms: 0, lease_token: bob.token });
  const { peers } = await world.call("comms.peers", {}, { session: "alice" });
  expect(peers.find(({ name }) => name === "bob")).toMatchObject({
    presence: { state: "offline" },
    sendable_kinds: expect.arrayContaining(["peer_message"]),
  });
  const message = (body: string) => ({ kind: "peer_message" as const, to: "bob", body });
  await world.call("comms.send", message("while you slept"), { session: "alice" });
  // Also its daemon sleeps in between.
  const later = await world.restart();
  const awake = await later.host("bob");
  expect(awake.sessionId).toBe(bob.sessionId);
  expect(await awake.drain()).toMatchObject([{ body: "while you slept", from: "alice" }]);
  const waiting = later.call("sessions.drain", {
    name: "bob",
    lease_token: awake.token,
    max: 1,
    wait_ms: 60_000,
  });
  await settle();
  await later.call("comms.send", message("good morning"), { session: "alice" });
  expect((await waiting).interactions).toMatchObject([{ body: "good morning" }]);
  expect(later.clock.monotonic()).toBe(0);
  await later.stop();
});

test("[field.viewers] a session has many viewers, and each interaction's events can be told apart", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob");
  const ids: string[] = [];
  for (const params of [1, 2]) {
    const receipt = await world.call(
      "comms.send",
      { kind: "peer_request", to: "bob", intent: "ask", params, stream: "reserve_interaction" },
      { session: "alice" },
    );
    ids.push((receipt as { interaction_id: string }).interaction_id);
  }
  await bob.drain();
  const scope = { kind: "session", session_id: bob.sessionId } as const;
  const viewers = await Promise.all(
    Array.from({ length: 10 }, () => world.stream({ scope, after_sequence: 0 })),
  );
  for (let n = 0; n < 5; n += 1) for (const id of ids) await bob.emit(id, `${id} ${n}`);
  for (const id of ids) await bob.settle(id);
  const last = (await world.call("sessions.get", { name: "bob" })).session.last_sequence;
  const seen = await Promise.all(
    viewers.map(async ({ events }) => {
      const got: CommsStreamEvent[] = [];
      for await (const { json } of events) {
        const event = JSON.parse(json) as CommsStreamEvent;
        got.push(event);
        if (event.sequence === last) break;
      }
      return got;
    }),
  );
  const told = (events: CommsStreamEvent[]) => events.map(({ event_id, sequence }) => [event_id, sequence]);
  for (const events of seen) expect(told(events)).toEqual(told(seen[0]!));
  for (const id of ids) {
    const own = seen[0]!.filter(({ interaction_id }) => interaction_id === id);
    const alone = await world.read({ kind: "interaction", interaction_id: id });
    expect(own.map(({ event_id }) => event_id)).toEqual(alone.map(({ event_id }) => event_id));
    expect(alone.map(({ sequence }) => sequence)).toEqual(alone.map((_, at) => at + 1));
  }
  await world.stop();
});

test("[field.trace] the trace of a call reaches the host of every kind, over a restart and into a queued answer", async () => {
  const world: World = await World.start();
  const bob = await world.host("bob");
  const options = { traceparent };
  const kinds = [
    { kind: "peer_message", to: "bob", body: "hi", options },
    { kind: "peer_request", to: "bob", intent: "ask", params: 1, stream: "none", options },
    {
      kind: "input",
      session_id: bob.sessionId,
      body: "hi",
      stream: "none",
      allow_self_session: false,
      options,
    },
  ] as const;
  for (const command of kinds) await world.call("comms.send", command, { session: "alice" });
  const later = await world.restart();
  const host = bob.on(later);
  const items = await host.drain();
  expect(items.map((item) => [item.kind, item.traceparent])).toEqual([
    ["peer_message", traceparent],
    ["peer_request", traceparent],
    ["input", traceparent],
  ]);
  const alice = await later.host("alice");
  await later.call(
    "comms.send",
    {
      kind: "peer_response",
      to: "alice",
      in_reply_to: items[1]!.interaction_id,
      status: "completed",
      result: 1,
      options,
    },
    { session: "bob" },
  );
  expect(await alice.drain()).toMatchObject([{ kind: "peer_response", traceparent }]);
  await later.stop();
});

test("[field.one-tool] the one send tool says per kind what it takes, and tells every mistake by its field", () => {
  const [send] = mcpTools.filter(({ name }) => name === "send") as unknown as [
    { inputSchema: Record<string, never> },
  ];
  const schema = send.inputSchema as unknown as {
    type: string;
    properties: { command: Record<string, unknown> };
  };
  expect(schema.type).toBe("object");
  const text = JSON.stringify(schema.properties.command);
  for (const kind of ["input", "peer_message", "peer_request", "peer_response"])
    expect(text, kind).toContain(`"const":"${kind}"`);
  const validate = createValidators().request("comms.send");
  // What models mix up: the fields of one kind on another, kinds of other systems, an answer without its question.
  const mistakes: [unknown, string[]][] = [
    [{ kind: "peer_request", to: "bob", body: "hi" }, ["body", "intent", "params"]],
    [{ kind: "peer_message", to: "bob", message: "hi" }, ["body", "message"]],
    [{ kind: "message", to: "bob", body: "hi" }, ["kind"]],
    [{ kind: "peer_response", to: "bob", result: 1 }, ["in_reply_to", "status"]],
    [{ to: "bob", body: "hi" }, ["kind"]],
  ];
  for (const [command, fields] of mistakes) {
    const checked = validate(command);
    expect(checked.ok ? [] : checked.details.map(({ field }) => field)).toEqual(fields);
  }
});

test("[field.error-numbers] error numbers keep clear of those that JSON-RPC, MCP, A2A and LSP have taken", () => {
  const standard = new Set([-32700, -32600, -32601, -32602, -32603, -32800]);
  for (const [code, { rpc }] of Object.entries(errors as Record<string, { rpc: number }>)) {
    if (standard.has(rpc)) continue;
    expect(rpc, code).toBeGreaterThanOrEqual(-31099);
    expect(rpc, code).toBeLessThanOrEqual(-31000);
  }
});

test("[field.result-once] a tool's result has one event that carries its body", () => {
  const check = createValidators().request("sessions.emit");
  const request = (event: object) => ({
    name: "bob",
    claim_token: "0123456789abcdef",
    interaction_id: "0199f3a0-4c40-7b22-9a33-0c4d5e6f7a8b",
    events: [{ turn_id: "0199f3a0-4c40-7b22-9a33-0c4d5e6f7a8b", tool_call_id: "c1", ...event }],
  });
  expect(
    check(request({ kind: "tool_result_received", is_error: false, content: { big: 1 } })),
  ).toMatchObject({
    ok: true,
  });
  const end = { kind: "tool_execution_completed", duration_ms: 1, is_error: false };
  expect(check(request(end))).toMatchObject({ ok: true });
  for (const body of ["content", "result", "output"]) {
    expect(check(request({ ...end, [body]: { big: 1 } }))).toMatchObject({
      ok: false,
      details: [{ field: `events[0].${body}` }],
    });
  }
});
