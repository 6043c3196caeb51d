import { describe, expect, onTestFinished, test } from "vitest";
import { createClient, type Host, type HostOptions, type Interaction, type Parley } from "../src/index.js";
import { systemEnvironment } from "../src/runtime/environment.js";
import { cutText } from "../src/runtime/turn-events.js";
import { FakeDaemon, Fault } from "./_fake-daemon.js";
import { FakeInbox } from "./_fake-inbox.js";

describe("[sdk.host] a host", () => {
  test("opens its session with a token of its own and answers with what the handler returns", async () => {
    const { inbox, host } = await start({ description: "echoes", inboundPolicy: { peer_message: "hold" } });
    const serving = host.serve(async (interaction, turn) => {
      await turn.text("hel");
      await turn.text("lo");
      return { echo: interaction.from };
    });
    const id = inbox.add();
    expect(await inbox.outcome(id)).toEqual({ kind: "done" });
    expect(inbox.opens[0]).toMatchObject({
      name: "echo",
      description: "echoes",
      inbound_policy: { peer_message: "hold" },
    });
    expect(String(inbox.opens[0]?.lease_token)).toMatch(/^[A-Za-z0-9_-]{16,128}$/);
    expect(inbox.kinds(id)).toEqual([
      "turn_started",
      "text_delta",
      "text_delta",
      "text_complete",
      "turn_completed",
    ]);
    expect(new Set(inbox.emitted.get(id)?.map(({ turn_id }) => turn_id)).size).toBe(1);
    expect(inbox.responses).toMatchObject([
      { kind: "peer_response", to: "asker", in_reply_to: id, status: "completed", result: { echo: "asker" } },
    ]);
    await host.stop();
    await serving;
    expect(inbox.opens.at(-1)).toMatchObject({ ttl_ms: 0 });
  });

  test("ends a turn with what the handler says that it cost, the whole text before it", async () => {
    const { inbox, host } = await start();
    void host.serve(async (_, turn) => {
      await turn.text("hello");
      await turn.emit({ kind: "turn_completed", usage: { output_tokens: 1 } });
    });
    const id = inbox.add();
    await inbox.outcome(id);
    expect(inbox.kinds(id)).toEqual(["turn_started", "text_delta", "text_complete", "turn_completed"]);
    expect(inbox.emitted.get(id)?.at(-1)).toMatchObject({ usage: { output_tokens: 1 } });
  });

  test("answers with the text when the handler returns nothing, and settles what is no request by itself", async () => {
    const { inbox, host } = await start();
    void host.serve(async (_, turn) => {
      void turn.text("one ");
      void turn.text("two");
    });
    const id = inbox.add({ kind: "input", body: "x", source: "rpc" });
    expect(await inbox.outcome(id)).toEqual({ kind: "done", result: "one two" });
    expect(inbox.responses).toEqual([]);
    // What is emitted in one tick travels as one.
    expect(inbox.emitted.get(id)?.filter(({ kind }) => kind === "text_delta")).toMatchObject([
      { delta: "one two" },
    ]);
  });

  test("fails an interaction whose answer is refused, and goes on", async () => {
    const errors: unknown[] = [];
    const { inbox, host } = await start({ onError: (error) => errors.push(error) });
    inbox.refusals.push(new Fault("payload_too_large", {}, 413));
    void host.serve(() => "much too much");
    const [first, second] = [inbox, inbox].map((one) => one.add({ kind: "peer_message", body: "x" }));
    expect(await inbox.outcome(first!)).toMatchObject({
      kind: "dead",
      code: "executor_error",
      message: expect.stringContaining("payload_too_large"),
    });
    expect(await inbox.outcome(second!)).toMatchObject({ kind: "done" });
    expect(errors).toMatchObject([{ code: "payload_too_large" }]);
  });

  test.each([
    ["a reader waits", true, { kind: "dead", code: "executor_error", message: "broken", retryable: false }],
    ["nobody reads", false, { kind: "done" }],
  ])("fails the interaction when the handler throws and %s", async (_, stream_reserved, outcome) => {
    const errors: unknown[] = [];
    const { inbox, host } = await start({ onError: (error) => errors.push(error) });
    void host.serve(() => {
      throw new Error("broken");
    });
    const id = inbox.add({ stream_reserved });
    expect(await inbox.outcome(id)).toEqual(outcome);
    expect(inbox.responses).toMatchObject(
      stream_reserved ? [] : [{ status: "failed", result: { code: "executor_error", message: "broken" } }],
    );
    await host.stop();
    expect(errors).toMatchObject([{ message: "broken" }]);
  });

  test("lets the handler fail, reply and give back by itself", async () => {
    const { inbox, host } = await start();
    void host.serve(async (interaction, turn) => {
      const { intent } = interaction as Interaction & { kind: "peer_request" };
      if (intent === "fail") await turn.fail("no", { code: "rejected", retryable: true });
      else if (intent === "later") await turn.retryAfter(500);
      else await turn.reply("yes");
      return "ignored";
    });
    const ids = ["fail", "later", "reply"].map((intent) => inbox.add({ intent }));
    expect(await Promise.all(ids.map((id) => inbox.outcome(id)))).toEqual([
      { kind: "dead", code: "rejected", message: "no", retryable: true },
      { kind: "retry_after", delay_ms: 500 },
      { kind: "done" },
    ]);
    expect(inbox.responses).toMatchObject([{ result: "yes" }]);
  });

  test("works in order by default, and on as many at once as it is told", async () => {
    for (const concurrency of [1, 3]) {
      const { inbox, host } = await start({ concurrency });
      let running = 0;
      let most = 0;
      const gate = Promise.withResolvers<void>();
      void host.serve(async () => {
        most = Math.max(most, ++running);
        if (running === concurrency) gate.resolve();
        await gate.promise;
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return null;
      });
      const ids = Array.from({ length: 7 }, () => inbox.add());
      await Promise.all(ids.map((id) => inbox.outcome(id)));
      expect(most).toBe(concurrency);
      expect(inbox.maxAsked).toBe(concurrency);
    }
  });

  test("tells the handler when its claim is lost", async () => {
    const errors: unknown[] = [];
    const { inbox, host } = await start({ onError: (error) => errors.push(error) });
    const aborted = Promise.withResolvers<unknown>();
    let first = true;
    void host.serve(async ({ interaction_id }, turn) => {
      if (!first) return "second";
      first = false;
      inbox.lost.add(inbox.claims.get(interaction_id) ?? "");
      turn.signal.addEventListener("abort", () => aborted.resolve(turn.signal.reason));
      await turn.text("too late").catch(() => {});
      await aborted.promise;
      return "first";
    });
    const id = inbox.add();
    expect(await aborted.promise).toMatchObject({ code: "fence_stale" });
    const next = inbox.add();
    expect(await inbox.outcome(next)).toEqual({ kind: "done" });
    expect(inbox.settled.has(id)).toBe(false);
    await host.stop();
    expect(errors).toMatchObject([{ code: "fence_stale" }]);
  });

  test.each(["reply", "fail"] as const)(
    "[sdk.host-answered] takes an interaction that was answered by other means out of the inbox: %s",
    async (way) => {
      const errors: unknown[] = [];
      const { inbox, host } = await start({ onError: (error) => errors.push(error) });
      inbox.emitRefusals.push(new Fault("interaction_ended", {}, 409));
      let reason: unknown;
      void host.serve(async (_, turn) => {
        await turn.text("too late").catch(() => {});
        reason = turn.signal.reason;
        await turn.text("later still").catch(() => {});
        await turn[way]("an answer too many");
      });
      const id = inbox.add();
      expect(await inbox.outcome(id)).toEqual({ kind: "done" });
      await host.stop();
      expect(reason).toMatchObject({ code: "interaction_ended" });
      expect(errors).toMatchObject([{ code: "interaction_ended" }]);
      expect(inbox.responses).toEqual([]);
      expect(inbox.emitted.get(id) ?? []).toEqual([]);
    },
  );

  test("comes back after a restart of the daemon with the same token", async () => {
    const { daemon, inbox, host } = await start();
    void host.serve(() => "done");
    await expect.poll(() => inbox.drains).toBe(1);
    await daemon.stop();
    await daemon.listen();
    await expect.poll(() => inbox.drains, { timeout: 5_000 }).toBe(2);
    expect(new Set(inbox.opens.map(({ lease_token }) => lease_token)).size).toBe(1);
  });

  test("carries a turn over a restart of the daemon", async () => {
    const { daemon, inbox, host } = await start();
    void host.serve(async (_, turn) => {
      await turn.text("before ");
      await daemon.stop();
      const later = turn.text("after");
      await daemon.listen();
      await later;
    });
    const id = inbox.add();
    expect(await inbox.outcome(id)).toEqual({ kind: "done" });
    expect(inbox.responses).toMatchObject([{ result: "before after" }]);
  });

  test("renews its claim while the handler is silent", async () => {
    const beats: number[] = [];
    const environment = {
      ...systemEnvironment,
      delay: (ms: number, signal?: AbortSignal) => {
        // Only a third of the claim's life passes at once, and only once.
        if (ms === 20_000 && beats.push(ms) === 1) return Promise.resolve();
        return systemEnvironment.delay(ms, signal);
      },
    };
    const { inbox, host } = await start({ ttl: 90_000 }, environment);
    const gate = Promise.withResolvers<void>();
    void host.serve(() => gate.promise);
    const id = inbox.add();
    await expect.poll(() => inbox.kinds(id)).toEqual(["extension"]);
    gate.resolve();
    await inbox.outcome(id);
  });

  test("renews its lease while it works, and leaves that to the drain while it waits", async () => {
    let renewals = 0;
    const environment = {
      ...systemEnvironment,
      delay: (ms: number, signal?: AbortSignal) => {
        if (ms === 7) renewals += 1;
        return systemEnvironment.delay(ms, signal);
      },
    };
    const { inbox, host } = await start({ ttl: 21 }, environment);
    const gate = Promise.withResolvers<void>();
    void host.serve(() => gate.promise);
    await expect.poll(() => renewals).toBeGreaterThan(5);
    expect(inbox.opens).toHaveLength(1);
    const id = inbox.add();
    await expect.poll(() => inbox.opens.length).toBeGreaterThan(2);
    gate.resolve();
    await inbox.outcome(id);
  });

  test("ends with the error of a name that another holder keeps", async () => {
    const { daemon, inbox, host } = await start();
    daemon.on("sessions/open", () => new Fault("session_name_taken", { retryable: true }, 409));
    await expect(host.serve(() => null)).rejects.toMatchObject({ code: "session_name_taken" });
    expect(inbox.drains).toBe(0);
  });

  test("rejects a kind that it does not know", async () => {
    const { inbox, host } = await start();
    void host.serve(() => "never");
    const id = inbox.add({ kind: "brand_new" });
    expect(await inbox.outcome(id)).toMatchObject({ kind: "dead", code: "rejected" });
  });

  test("finishes the work under way when it stops", async () => {
    const { inbox, host } = await start();
    const gate = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const stop = new AbortController();
    const serving = host.serve(
      async () => {
        began.resolve();
        await gate.promise;
        return "finished";
      },
      { signal: stop.signal },
    );
    const id = inbox.add();
    await began.promise;
    stop.abort();
    gate.resolve();
    await serving;
    expect(inbox.settled.get(id)).toEqual({ kind: "done" });
    expect(inbox.responses).toMatchObject([{ result: "finished" }]);
  });

  test.each([
    ["gives up", "throws", { kind: "dead", code: "cancelled", message: "gave up", retryable: false }],
    ["returns nothing", "returns", { kind: "dead", code: "cancelled" }],
    ["finishes all the same", "finishes", { kind: "done" }],
  ])("hears in the middle of its only turn that it is cancelled, and %s", async (_, way, outcome) => {
    const errors: unknown[] = [];
    const { inbox, host } = await start({ onError: (error) => errors.push(error) }, quick);
    const began = Promise.withResolvers<void>();
    void host.serve(async (interaction, turn) => {
      if ("intent" in interaction && interaction.intent === "next") return "next";
      began.resolve();
      await new Promise<void>((resolve) => turn.signal.addEventListener("abort", () => resolve()));
      expect(turn.cancelled).toBe(true);
      await turn.text("winding down");
      if (way === "throws") throw new Error("gave up");
      return way === "finishes" ? "done" : undefined;
    });
    const id = inbox.add({ stream_reserved: false });
    await began.promise;
    inbox.cancel(id);
    expect(await inbox.outcome(id)).toMatchObject(outcome);
    expect(inbox.responses).toHaveLength(way === "finishes" ? 1 : 0);
    expect(inbox.kinds(id)).toContain("text_delta");
    expect(errors).toEqual([]);
    expect(await inbox.outcome(inbox.add({ intent: "next" }))).toEqual({ kind: "done" });
  });

  test("hears of it by what it emits", async () => {
    const { inbox, host } = await start();
    const gate = Promise.withResolvers<void>();
    void host.serve(async (_, turn) => {
      await gate.promise;
      await turn.text("a");
      turn.signal.throwIfAborted();
    });
    const id = inbox.add();
    inbox.cancel(id, true);
    gate.resolve();
    expect(await inbox.outcome(id)).toMatchObject({ kind: "dead", code: "cancelled" });
  });

  test("holds a name without serving it", async () => {
    const { inbox, client } = await start();
    const held = await client.holdSession("bridge", { description: "d" });
    expect(held.session.name).toBe("bridge");
    await held.release();
    expect(inbox.opens.map(({ ttl_ms }) => ttl_ms)).toEqual([undefined, 0]);
    expect(inbox.drains).toBe(0);
  });
});

test("[sdk.host] long texts are cut between characters", () => {
  const text = `${"x".repeat(65_535)}😀${"y".repeat(70_000)}`;
  const pieces = cutText(text);
  expect(pieces.join("") === text).toBe(true);
  expect(pieces.map((piece) => piece.isWellFormed())).toEqual([true, true, true]);
  expect(cutText("")).toEqual([]);
});

/** Whatever waits for a while waits for a moment. */
const quick = {
  ...systemEnvironment,
  delay: (_: number, signal?: AbortSignal) => systemEnvironment.delay(1, signal),
};

async function start(
  options: HostOptions = {},
  environment = systemEnvironment,
): Promise<{ daemon: FakeDaemon; inbox: FakeInbox; client: Parley; host: Host }> {
  const daemon = await FakeDaemon.start();
  const inbox = new FakeInbox(daemon);
  const client = createClient({ baseUrl: daemon.address, token: "t", environment });
  const host = client.host("echo", options);
  onTestFinished(async () => {
    await host.stop();
    await client.close();
  });
  return { daemon, inbox, client, host };
}
