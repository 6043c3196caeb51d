import { describe, expect, test } from "vitest";
import { type LinkedDaemon, LinkedDaemons } from "../../../../test/support/linked-daemons.js";
import { settle } from "../../../../test/support/simulation.js";
import type { AgentEvent, PeerDirectoryEntry, SendReceipt } from "../../../generated/types.js";

async function paired(
  options: ConstructorParameters<typeof LinkedDaemons>[0] = {},
): Promise<{ daemons: LinkedDaemons; a: LinkedDaemon; b: LinkedDaemon }> {
  const daemons = new LinkedDaemons(options);
  const a = await daemons.start("alpha");
  const b = await daemons.start("beta");
  await daemons.pair(a, b);
  return { daemons, a, b };
}

async function peersOf(daemon: LinkedDaemon, session = "planner"): Promise<PeerDirectoryEntry[]> {
  const { peers } = await daemon.world.call("comms.peers", {}, { session });
  return peers.filter(({ name }) => !name.startsWith("user-"));
}

function ask(daemon: LinkedDaemon, to: string, question: string, session = "planner"): Promise<SendReceipt> {
  return daemon.world.call(
    "comms.send",
    { kind: "peer_request", to, intent: "ask", params: { question }, stream: "none" },
    { session },
  );
}

async function eventsOf(daemon: LinkedDaemon, receipt: SendReceipt): Promise<AgentEvent[]> {
  if (!("interaction_id" in receipt)) throw new Error("no interaction");
  const events = await daemon.world.read({ kind: "interaction", interaction_id: receipt.interaction_id });
  return events.map(({ event }) => event);
}

/** As words, without what differs between runs. */
async function story(daemon: LinkedDaemon, receipt: SendReceipt): Promise<string[]> {
  return (await eventsOf(daemon, receipt)).map((event) =>
    event.kind === "delivery_updated" ? event.state : event.kind,
  );
}

describe("[link.peers] sessions of a paired daemon are peers", () => {
  test("listed under their name and their daemon's, with what they say of themselves; principals' own are not", async () => {
    const { daemons, a, b } = await paired();
    await b.world.call("sessions.open", {
      name: "echo",
      description: "says it again",
      labels: { team: "x" },
      inbound_policy: { peer_message: "refuse" },
      ttl_ms: 3_600_000,
    });
    await b.world.call("comms.peers", {}, {});
    await daemons.pass(100);
    const [entry, ...others] = await peersOf(a);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      name: "echo-beta",
      source: "trusted",
      sendable_kinds: ["peer_request"],
      selected_route_by_kind: { peer_request: "trusted" },
      presence: { state: "online" },
      meta: { description: "says it again", labels: { team: "x" } },
      endpoint_url: "http://beta.test:7433",
    });
    const { session } = await b.world.call("sessions.get", { name: "echo" });
    expect(entry!.peer_id).toBe(session.session_id);
  });

  test("stay listed while their daemon is away, and after a restart; closed ones go", async () => {
    const { daemons, a, b } = await paired();
    await b.world.host("echo");
    await daemons.pass(100);
    b.leave();
    await settle();
    expect(await peersOf(a)).toMatchObject([{ name: "echo-beta", presence: { state: "unknown" } }]);
    const again = await a.kill();
    expect(await peersOf(again)).toMatchObject([{ name: "echo-beta", presence: { state: "unknown" } }]);
    const { world } = await b.kill();
    await daemons.pass(31_000);
    expect(await peersOf(again)).toMatchObject([{ name: "echo-beta", presence: { state: "online" } }]);
    const { lease } = await world.call("sessions.open", { name: "brief", ttl_ms: 3_600_000 });
    await daemons.pass(100);
    expect((await peersOf(again)).map(({ name }) => name)).toEqual(["brief-beta", "echo-beta"]);
    await world.call("sessions.close", { name: "brief", lease_token: lease.token });
    await daemons.pass(100);
    expect((await peersOf(again)).map(({ name }) => name)).toEqual(["echo-beta"]);
  });

  test("a session of this daemon keeps its own name, whatever others are called", async () => {
    const { daemons, a, b } = await paired();
    await a.world.host("echo");
    await b.world.host("echo");
    await daemons.pass(100);
    expect((await peersOf(a)).map(({ name, source }) => [name, source])).toEqual([
      ["echo", "inproc"],
      ["echo-beta", "trusted"],
    ]);
  });
});

describe("[link.send] a command to a peer of another daemon", () => {
  test("is queued by its receipt, delivered there, answered from there, each told once and in order", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    const receipt = await ask(a, "echo-beta", "hi");
    expect(receipt).toMatchObject({ kind: "peer_request_sent", delivery: { state: "queued", attempt: 0 } });
    await settle(60);
    expect(await story(a, receipt)).toEqual(["interaction_started", "delivered"]);
    const [got] = await echo.drain();
    expect(got).toMatchObject({
      kind: "peer_request",
      from: "planner-alpha",
      params: { question: "hi" },
      trust: { verified: true, source: "trusted" },
    });
    await echo.respond("planner-alpha", got!.interaction_id, "on it", "accepted");
    await echo.respond("planner-alpha", got!.interaction_id, "hi");
    await settle(60);
    expect(await story(a, receipt)).toEqual([
      "interaction_started",
      "delivered",
      "ingested",
      "peer_response_received",
      "peer_response_received",
      "interaction_complete",
    ]);
    const answered = (await eventsOf(a, receipt)).filter(({ kind }) => kind === "peer_response_received");
    expect(answered).toMatchObject([
      { from: "echo-beta", status: "accepted", result: "on it" },
      { from: "echo-beta", status: "completed", result: "hi" },
    ]);
  });

  test("its answer comes into the asker's inbox, once, with a name to know it by", async () => {
    const { daemons, a, b } = await paired();
    const planner = await a.world.host("planner");
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    const receipt = await ask(a, "echo-beta", "hi");
    await settle(60);
    const [got] = await echo.drain();
    await echo.respond("planner-alpha", got!.interaction_id, { body: "hi" });
    await settle(60);
    const inbox = await planner.drain();
    expect(inbox).toMatchObject([
      {
        kind: "peer_response",
        from: "echo-beta",
        status: "completed",
        result: { body: "hi" },
        in_reply_to: "interaction_id" in receipt ? receipt.interaction_id : "",
      },
    ]);
  });

  test.each(["full", "refusing", "holding", "closed"] as const)(
    "[comms.answer-always] its answer ends it here and there although the asker's inbox is %s",
    async (what) => {
      const { daemons, a, b } = await paired({
        limits: { inboxMax: 1, unreadPerSender: 1, sendsBurst: 4, sendsPerSecond: 1 },
      });
      const planner = await a.world.host("planner");
      const other = await a.world.host("other");
      const echo = await b.world.host("echo");
      await daemons.pass(100);
      const receipt = await ask(a, "echo-beta", "hi");
      await settle(60);
      const [got] = await echo.drain();
      const { name, token } = planner;
      const lease = { name, lease_token: token };
      if (what === "full")
        await a.world.call(
          "comms.send",
          { kind: "peer_message", to: name, body: "x" },
          { session: other.name },
        );
      else if (what === "closed") await a.world.call("sessions.close", lease);
      else
        await a.world.call("sessions.open", {
          ...lease,
          ttl_ms: 3_600_000,
          inbound_policy: { peer_response: what === "refusing" ? "refuse" : "hold" },
        });
      for (let n = 0; n < 6; n += 1) await echo.respond("planner-alpha", got!.interaction_id, n, "accepted");
      await echo.respond("planner-alpha", got!.interaction_id, "done");
      await settle(120);
      const ended = { kind: "interaction_complete", result: "done" };
      expect((await eventsOf(a, receipt)).at(-1)).toEqual(ended);
      const { interaction_id } = got!;
      const there = await b.world.read({ kind: "interaction", interaction_id });
      expect(there.at(-1)!.event).toEqual(ended);
      if (what === "closed") return;
      const { held } = await a.world.call("sessions.list_held", { name, limit: 50 });
      const drained = (await planner.drain()).filter(({ kind }) => kind === "peer_response");
      const copies = { full: [0, 7], holding: [7, 0], refusing: [0, 0] }[what];
      expect([held.length, drained.length]).toEqual(copies);
    },
  );

  test("a host that settles, emits or gives up ends it at the sender's daemon too", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    const done = await ask(a, "echo-beta", "one");
    const dead = await ask(a, "echo-beta", "two");
    await settle(80);
    const [first, second] = await echo.drain();
    await echo.emit(first!.interaction_id, "working");
    await echo.settle(first!.interaction_id, { kind: "done", result: 42 });
    await echo.settle(second!.interaction_id, {
      kind: "dead",
      code: "executor_error",
      message: "it broke",
      retryable: false,
    });
    await settle(80);
    expect((await eventsOf(a, done)).at(-1)).toMatchObject({ kind: "interaction_complete", result: 42 });
    expect(await story(a, dead)).toEqual(["interaction_started", "delivered", "dead", "interaction_failed"]);
    expect((await eventsOf(a, dead)).at(-1)).toMatchObject({
      reason: { code: "executor_error", message: "it broke" },
    });
  });

  test("commands of one sender come in their order", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    for (let number = 0; number < 20; number += 1)
      await a.world.call(
        "comms.send",
        { kind: "peer_message", to: "echo-beta", body: `${number}` },
        { session: "planner" },
      );
    await daemons.pass(2_000, 50);
    const bodies = (await echo.drain()).map((item) => ("body" in item ? item.body : ""));
    expect(bodies).toEqual(Array.from({ length: 20 }, (_, number) => `${number}`));
  });

  test("the same key gives the first receipt, and one delivery", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    const send = () =>
      a.world.call(
        "comms.send",
        { kind: "peer_message", to: "echo-beta", body: "once", options: { idempotency_key: "k" } },
        { session: "planner" },
      );
    const first = await send();
    await settle(60);
    expect(await send()).toEqual({ ...first, deduplicated: true });
    await settle(60);
    expect(await echo.drain()).toHaveLength(1);
  });

  test("an answer only goes to who asked, and ends it once", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await b.world.host("planner-alpha-too");
    await daemons.pass(100);
    await ask(a, "echo-beta", "hi");
    await settle(60);
    const [got] = await echo.drain();
    await expect(echo.respond("planner-alpha-too", got!.interaction_id, 1)).rejects.toMatchObject({
      code: "invalid_command",
    });
    await echo.respond("planner-alpha", got!.interaction_id, 1);
    await expect(echo.respond("planner-alpha", got!.interaction_id, 2)).rejects.toMatchObject({
      code: "interaction_ended",
    });
  });
});

describe("[link.away] while the other daemon is away", () => {
  test("commands wait in the outbox, over restarts, and go when it is back", async () => {
    const { daemons, a, b } = await paired();
    await b.world.host("echo");
    await daemons.pass(100);
    b.leave();
    await settle();
    const receipt = await ask(a, "echo-beta", "are you there?");
    expect(receipt).toMatchObject({ delivery: { state: "queued" } });
    const again = await a.kill();
    expect(await story(again, receipt)).toEqual(["interaction_started"]);
    const back = await b.kill();
    await daemons.pass(31_000);
    expect(await story(again, receipt)).toEqual(["interaction_started", "delivered"]);
    const inbox = await back.world.call("sessions.get", { name: "echo" });
    expect(inbox.session.unread).toBe(1);
  });

  test("[link.expired] what never left expires in its time and is not delivered after", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    b.leave();
    await settle();
    const receipt = await a.world.call(
      "comms.send",
      { kind: "peer_message", to: "echo-beta", body: "quick", options: { ttl_ms: 5_000 } },
      { session: "planner" },
    );
    await daemons.pass(6_000);
    expect(await story(a, receipt)).toEqual(["interaction_started", "expired", "interaction_failed"]);
    const back = await b.kill();
    await daemons.pass(31_000);
    expect((await back.world.call("sessions.get", { name: "echo" })).session.unread).toBe(0);
    expect(echo.name).toBe("echo");
  });

  test("a command for a live host only is refused", async () => {
    const { daemons, a, b } = await paired();
    await b.world.host("echo");
    await daemons.pass(100);
    b.leave();
    await settle();
    await expect(
      a.world.call(
        "comms.send",
        { kind: "peer_message", to: "echo-beta", body: "now", options: { ttl_ms: 0 } },
        { session: "planner" },
      ),
    ).rejects.toMatchObject({ code: "peer_offline" });
  });
});

describe("[link.ambiguous] an acknowledgement that is lost", () => {
  test("makes the delivery ambiguous; asked again under the same id it is known, and delivered once", async () => {
    let cutAcks = false;
    let back = false;
    const { daemons, a, b } = await paired({
      fate: (from, _to, data) => {
        if (back && cutAcks && from.includes("beta") && typeof data !== "string") return "drop";
        return "pass";
      },
    });
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    back = true;
    cutAcks = true;
    const receipt = await ask(a, "echo-beta", "hi");
    await settle(60);
    expect(await story(a, receipt)).toEqual(["interaction_started", "ambiguous"]);
    cutAcks = false;
    await daemons.pass(31_000);
    expect(await story(a, receipt)).toEqual(["interaction_started", "ambiguous", "delivered"]);
    expect(await echo.drain()).toHaveLength(1);
  });

  test("past its time, after a crash, it is not called expired: it may have arrived", async () => {
    let hold = false;
    const { daemons, a, b } = await paired({
      fate: (from, _to, data) =>
        hold && from.includes("beta") && typeof data !== "string" ? "lose" : "pass",
    });
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    hold = true;
    const receipt = await a.world.call(
      "comms.send",
      { kind: "peer_message", to: "echo-beta", body: "hi", options: { ttl_ms: 5_000 } },
      { session: "planner" },
    );
    await settle(60);
    expect(await echo.drain()).toHaveLength(1);
    b.leave();
    const again = await a.kill();
    await daemons.pass(10_000);
    expect(await story(again, receipt)).toEqual(["interaction_started", "ambiguous"]);
  });
});

describe("[link.refused] what the other daemon does not take", () => {
  test("a session that is gone makes a dead letter, with the reason", async () => {
    const { daemons, a, b } = await paired();
    const { lease } = await b.world.call("sessions.open", { name: "brief", ttl_ms: 3_600_000 });
    await daemons.pass(100);
    b.leave();
    await settle();
    const receipt = await ask(a, "brief-beta", "hi");
    await b.world.call("sessions.close", { name: "brief", lease_token: lease.token });
    daemons.net.listen(b.url, (wire) => b.endpoints.accept(wire));
    await daemons.pass(31_000);
    expect(await story(a, receipt)).toEqual(["interaction_started", "dead", "interaction_failed"]);
    expect((await eventsOf(a, receipt)).at(-1)).toMatchObject({ reason: { code: "rejected" } });
    const letters = { name: "brief-beta", limit: 10 };
    const { dead_letters: dead } = await a.world.call("sessions.list_dead_letters", letters);
    expect(dead).toMatchObject([
      { from: "planner", state: "dead", message: expect.stringContaining("no such session") },
    ]);
    const retried = await a.world.call("sessions.retry_dead_letter", {
      name: "brief-beta",
      interaction_id: dead[0]!.interaction_id,
    });
    await daemons.pass(1_000);
    const again = await a.world.read({ kind: "interaction", interaction_id: retried.interaction_id });
    expect(again.at(-1)).toMatchObject({ event: { kind: "interaction_failed" } });
    expect(await peersOf(a)).toEqual([]);
  });

  test("a policy that holds tells so, then what was decided", async () => {
    const { daemons, a, b } = await paired();
    await b.world.call("sessions.open", {
      name: "careful",
      inbound_policy: { peer_request: "hold" },
      ttl_ms: 3_600_000,
    });
    await daemons.pass(100);
    const kept = await ask(a, "careful-beta", "one");
    const refused = await ask(a, "careful-beta", "two");
    await settle(80);
    expect(await story(a, kept)).toEqual(["interaction_started", "held"]);
    const { held } = await b.world.call("sessions.list_held", { name: "careful", limit: 10 });
    await b.world.call("sessions.release_held", {
      name: "careful",
      interaction_id: held[0]!.interaction_id,
      decision: "deliver",
    });
    await b.world.call("sessions.release_held", {
      name: "careful",
      interaction_id: held[1]!.interaction_id,
      decision: "refuse",
    });
    await settle(80);
    expect(await story(a, kept)).toEqual(["interaction_started", "held", "delivered"]);
    expect(await story(a, refused)).toEqual(["interaction_started", "held", "refused", "interaction_failed"]);
  });

  test("the end of the pairing ends what waits, and says what is not known", async () => {
    const { daemons, a, b } = await paired();
    await b.world.host("echo");
    await daemons.pass(100);
    const there = await ask(a, "echo-beta", "one");
    await settle(60);
    b.leave();
    await settle();
    const waiting = await ask(a, "echo-beta", "two");
    await a.endpoints.handlers.remove({ endpoint: "beta" }, a.world.context());
    await settle(60);
    for (const receipt of [there, waiting])
      expect((await eventsOf(a, receipt)).at(-1)).toMatchObject({ kind: "interaction_failed" });
    expect(await peersOf(a)).toEqual([]);
  });

  test("also when the process dies in the middle of that", async () => {
    const { daemons, a, b } = await paired();
    await b.world.host("echo");
    await daemons.pass(100);
    b.leave();
    await settle();
    const waiting = await ask(a, "echo-beta", "two");
    const { backend } = a.world;
    const [endpoint] = (await backend.list("endpoints")).entries;
    await backend.cas("endpoints", endpoint!.key, { expectRev: endpoint!.rev, value: undefined });
    const again = await a.kill();
    await settle(60);
    expect(await story(again, waiting)).toEqual(["interaction_started", "dead", "interaction_failed"]);
  });

  test("a full inbox is tried again until there is room", async () => {
    const { daemons, a, b } = await paired({ limits: { inboxMax: 2 } });
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    await b.world.call("comms.send", { kind: "peer_message", to: "echo", body: "1" }, { session: "other" });
    await b.world.call("comms.send", { kind: "peer_message", to: "echo", body: "2" }, { session: "other" });
    const receipt = await ask(a, "echo-beta", "hi");
    await daemons.pass(5_000);
    expect(await story(a, receipt)).toEqual(["interaction_started"]);
    for (const { interaction_id: id } of await echo.drain()) await echo.settle(id);
    await daemons.pass(61_000);
    expect(await story(a, receipt)).toEqual(["interaction_started", "delivered"]);
  });
});

describe("[link.large] what is as large as it may be", () => {
  test("goes over and comes back: many parts, deep nesting, half a megabyte", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    const deep = JSON.parse(`${"[".repeat(62)}1${"]".repeat(62)}`) as unknown;
    const values: unknown[] = [Array.from({ length: 60_000 }, () => [0]), deep, "ü".repeat(250_000)];
    for (const value of values) {
      const receipt = await a.world.call(
        "comms.send",
        { kind: "peer_request", to: "echo-beta", intent: "ask", params: value, stream: "none" },
        { session: "planner" },
      );
      await daemons.pass(1_000, 100);
      const [got] = await echo.drain();
      expect(got).toMatchObject({ params: value });
      await echo.respond("planner-alpha", got!.interaction_id, value);
      await echo.settle(got!.interaction_id);
      await daemons.pass(1_000, 100);
      expect((await eventsOf(a, receipt)).at(-1)).toMatchObject({
        kind: "interaction_complete",
        result: value,
      });
    }
    expect(a.endpoints.links.all()).toMatchObject([{ up: true }]);
  });
});

describe("[link.cancel] cancelling over a link", () => {
  const cancel = (daemon: LinkedDaemon, to: string, id: string) =>
    daemon.world.call(
      "comms.send",
      { kind: "peer_request", to, intent: "comms.cancel", params: { interaction_id: id }, stream: "none" },
      { session: "planner" },
    );
  const idOf = (receipt: SendReceipt): string => ("interaction_id" in receipt ? receipt.interaction_id : "");

  test("what never left ends here; what nobody has yet ends there; who has it is told, and decides", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    const waiting = await ask(a, "echo-beta", "one");
    const begun = await ask(a, "echo-beta", "two");
    await settle(80);
    const taken = await echo.drain(1);
    expect(taken).toHaveLength(1);
    const first = await cancel(a, "echo-beta", idOf(begun));
    const second = await cancel(a, "echo-beta", idOf(waiting));
    await settle(120);
    expect((await eventsOf(a, begun)).at(-1)).toMatchObject({ reason: { code: "cancelled" } });
    expect((await eventsOf(a, first)).at(-1)).toMatchObject({
      result: { interaction_id: idOf(begun), state: "cancelled" },
    });
    expect((await eventsOf(a, second)).at(-1)).toMatchObject({
      result: { interaction_id: idOf(waiting), state: "requested" },
    });
    await echo.settle(taken[0]!.interaction_id, {
      kind: "dead",
      code: "cancelled",
      message: "as asked",
      retryable: false,
    });
    await settle(80);
    expect((await eventsOf(a, waiting)).at(-1)).toMatchObject({ reason: { code: "cancelled" } });
    b.leave();
    await settle(60);
    const never = await ask(a, "echo-beta", "three");
    await cancel(a, "echo-beta", idOf(never));
    await settle(60);
    expect((await eventsOf(a, never)).at(-1)).toMatchObject({ reason: { code: "cancelled" } });
  });
});

describe("[link.results] what comes of it", () => {
  test("is told after a crash of either side, once", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    const planner = await a.world.host("planner");
    await daemons.pass(100);
    const receipt = await ask(a, "echo-beta", "hi");
    await settle(60);
    const [got] = await echo.drain();
    a.leave();
    await settle();
    await echo.respond("planner-alpha", got!.interaction_id, "late");
    const laterB = await b.kill();
    const laterA = await a.kill();
    await daemons.pass(31_000);
    expect(await story(laterA, receipt)).toEqual([
      "interaction_started",
      "delivered",
      "ingested",
      "peer_response_received",
      "interaction_complete",
    ]);
    const again = await laterA.kill();
    await daemons.pass(31_000);
    expect(await story(again, receipt)).toHaveLength(5);
    const { session } = await again.world.call("sessions.get", { name: "planner" });
    expect(session.unread).toBe(1);
    expect([laterB.name, planner.name]).toEqual(["beta", "planner"]);
  });

  test("is kept for a sender's daemon that stays away, however long, and forgotten once it knows", async () => {
    const { daemons, a, b } = await paired();
    const echo = await b.world.host("echo");
    await daemons.pass(100);
    const receipt = await ask(a, "echo-beta", "hi");
    await settle(60);
    const [got] = await echo.drain();
    a.leave();
    await settle();
    await echo.respond("planner-alpha", got!.interaction_id, "late");
    await echo.settle(got!.interaction_id);
    await daemons.pass(3 * 86_400_000, 600_000);
    daemons.net.listen(a.url, (wire) => a.endpoints.accept(wire));
    await daemons.pass(61_000);
    expect((await story(a, receipt)).at(-1)).toBe("interaction_complete");
    await daemons.pass(7_200_000, 60_000);
    await expect(
      b.world.read({ kind: "interaction", interaction_id: got!.interaction_id }),
    ).rejects.toMatchObject({ code: "interaction_not_found" });
  });
});
