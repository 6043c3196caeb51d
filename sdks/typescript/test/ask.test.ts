import { describe, expect, onTestFinished, test } from "vitest";
import { createClient, type Host, type HostOptions } from "../src/index.js";
import { FakeDaemon, Fault } from "./_fake-daemon.js";
import { FakeInbox } from "./_fake-inbox.js";

async function start(
  options: HostOptions = {},
): Promise<{ daemon: FakeDaemon; inbox: FakeInbox; host: Host }> {
  const daemon = await FakeDaemon.start();
  const inbox = new FakeInbox(daemon);
  const client = createClient({ baseUrl: daemon.address, token: "t", retries: 0 });
  const host = client.host("echo", options);
  onTestFinished(async () => {
    await host.abort();
    await client.close();
  });
  return { daemon, inbox, host };
}

describe("[sdk.host-question] `turn.ask`", () => {
  test.each([1, 2])(
    "asks the sender and resolves with the answer, with %d turns at once",
    async (concurrency) => {
      const { inbox, host } = await start({ concurrency });
      void host.serve(
        async (_, turn) => `painted ${await turn.ask("red or blue?", { schema: { type: "string" } })}`,
      );
      const id = inbox.add();
      const [question] = await inbox.questions(id);
      expect(question).toEqual({
        kind: "interaction_input_required",
        request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        prompt: "red or blue?",
        schema: { type: "string" },
      });
      inbox.answer(id, String(question!.request_id), "blue");
      expect(await inbox.outcome(id)).toEqual({ kind: "done" });
      expect(inbox.responses).toMatchObject([{ status: "completed", result: "painted blue" }]);
      // The next drain acknowledges the answer.
      inbox.add();
      await expect.poll(() => inbox.unacknowledged).toBe(0);
    },
  );

  test("keeps questions apart, also those with one text", async () => {
    const { inbox, host } = await start();
    void host.serve(async (_, turn) =>
      (await Promise.all(["a?", "a?", "b?"].map((text) => turn.ask(text)))).join(),
    );
    const id = inbox.add();
    const ids = (await inbox.questions(id, 3)).map(({ request_id }) => String(request_id));
    expect(new Set(ids).size).toBe(3);
    for (const [at, request] of ids.entries()) {
      inbox.answer(id, request, `${at}`);
      inbox.answer(id, request, "a later one");
    }
    await inbox.outcome(id);
    expect(inbox.responses).toMatchObject([{ result: "0,1,2" }]);
  });

  test("throws deadline_exceeded after its time, and the handler may go on", async () => {
    const { inbox, host } = await start();
    void host.serve((_, turn) => turn.ask("hello?", { timeout: 20 }).catch(({ code }) => code));
    const id = inbox.add();
    await inbox.outcome(id);
    expect(inbox.responses).toMatchObject([{ status: "completed", result: "deadline_exceeded" }]);
  });

  test("ends when the sender cancels, and when the caller's signal aborts", async () => {
    const { inbox, host } = await start();
    const own = new AbortController();
    void host.serve(async (interaction, turn) => {
      if (interaction.kind === "peer_message") return turn.ask("own?", { signal: own.signal });
      return turn.ask("hello?");
    });
    const id = inbox.add();
    await inbox.questions(id);
    inbox.cancel(id);
    expect(await inbox.outcome(id)).toMatchObject({ kind: "dead", code: "cancelled" });
    const second = inbox.add({ kind: "peer_message", body: "x" });
    await inbox.questions(second);
    own.abort(new Error("not needed any more"));
    expect(await inbox.outcome(second)).toMatchObject({ kind: "dead", message: "not needed any more" });
  });

  test("waits over an outage of the daemon", async () => {
    const { daemon, inbox, host } = await start();
    void host.serve((_, turn) => turn.ask("red or blue?"));
    const id = inbox.add();
    const [question] = await inbox.questions(id);
    await daemon.stop();
    inbox.answer(id, String(question!.request_id), "blue");
    await daemon.listen();
    await inbox.outcome(id);
    expect(inbox.responses).toMatchObject([{ result: "blue" }]);
  });

  test("asked again by the next host, has the answer that came meanwhile", async () => {
    const { inbox, host } = await start();
    const id = "0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f";
    // The same id as that of the Python host.
    inbox.answer(id, "838d640a-6c30-50c7-ad5c-f9c32daa8822", "blue");
    void host.serve((_, turn) => turn.ask("red or blue?"));
    inbox.add({ attempt: 2 }, id);
    await inbox.outcome(id);
    expect(inbox.responses).toMatchObject([{ result: "blue" }]);
    expect(inbox.kinds(id)).not.toContain("interaction_input_required");
  });

  test("gets its answer while the host stops", async () => {
    const { inbox, host } = await start();
    const serving = host.serve((_, turn) => turn.ask("red or blue?"));
    const id = inbox.add();
    const [question] = await inbox.questions(id);
    const stopping = host.stop();
    inbox.answer(id, String(question!.request_id), "blue");
    await Promise.all([stopping, serving]);
    expect(inbox.responses).toMatchObject([{ result: "blue" }]);
  });

  test("throws what refuses the question", async () => {
    const { inbox, host } = await start();
    inbox.emitRefusals.push(new Fault("invalid_request", {}, 400), new Fault("invalid_request", {}, 400));
    inbox.emitRefusals.push(new Fault("invalid_request", {}, 400));
    void host.serve((_, turn) => turn.ask("x".repeat(70_000)).catch(({ code }) => code));
    const id = inbox.add({ kind: "input", body: "x", source: "rpc" });
    expect(await inbox.outcome(id)).toEqual({ kind: "done", result: "invalid_request" });
  });
});
