import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createClient, type Host, type HostOptions, type Turn } from "../src/index.js";
import { Deadline } from "../src/runtime/deadline.js";
import { systemEnvironment } from "../src/runtime/environment.js";
import { httpError } from "../src/runtime/http-errors.js";
import { isOutage } from "../src/runtime/outage.js";
import { bufferBytes } from "../src/runtime/turn-events.js";
import { FakeDaemon, Fault } from "./_fake-daemon.js";
import { FakeInbox } from "./_fake-inbox.js";

describe("[sdk.host-outage] a host whose daemon is away", () => {
  test("keeps working, and reports each event once and in order when the daemon is back", async () => {
    const heard: string[] = [];
    const { daemon, inbox, host } = await start({
      onOutage: ({ code }) => heard.push(code),
      onRecovery: () => heard.push("back"),
    });
    const began = Promise.withResolvers<void>();
    const worked = Promise.withResolvers<void>();
    const away = Promise.withResolvers<void>();
    void host.serve(async (_, turn) => {
      await turn.text("0 ");
      began.resolve();
      await away.promise;
      for (let at = 1; at <= 200; at += 1) await turn.text(`${at} `);
      worked.resolve();
      return "done";
    });
    const id = inbox.add();
    await began.promise;
    await daemon.stop();
    away.resolve();
    await worked.promise;
    await daemon.listen();
    expect(await inbox.outcome(id)).toEqual({ kind: "done" });
    expect(inbox.text(id)).toBe(Array.from({ length: 201 }, (_, at) => `${at} `).join(""));
    expect(inbox.responses).toMatchObject([{ status: "completed", result: "done" }]);
    expect(heard).toEqual(["daemon_unreachable", "back"]);
    while (inbox.opens.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(new Set(inbox.opens.map(({ lease_token }) => lease_token)).size).toBe(1);
  });

  test.each(["sessions/emit", "comms/send", "sessions/settle"])(
    "repeats what was carried out although its answer was lost: %s",
    async (method) => {
      const { daemon, inbox, host } = await start();
      let losses = 2;
      const usual = daemon.answers.get(method)!;
      daemon.on(method, (params, call) => {
        const answer = usual(params, call);
        if (losses-- > 0) daemon.dropAll();
        return answer;
      });
      void host.serve(async (_, turn) => {
        await turn.text("once");
        return "answer";
      });
      const id = inbox.add();
      await inbox.outcome(id);
      await host.stop();
      expect(inbox.text(id)).toBe("once");
      const keys = daemon.seen(method).map(({ params: { idempotency_key: key, options } }) => [key, options]);
      expect(keys.length).toBeGreaterThan(2);
      if (method !== "sessions/settle") expect(keys[1]).toEqual(keys[0]);
    },
  );

  test("takes calls beyond their time limit for an outage, not for a failure of the work", async () => {
    const errors: unknown[] = [];
    const { daemon, inbox, host } = await start({ onError: (error) => errors.push(error) }, { timeout: 500 });
    for (const method of ["sessions/emit", "comms/send", "sessions/settle"]) {
      const usual = daemon.answers.get(method)!;
      let silent = 2;
      daemon.on(method, (params, call) => (silent-- > 0 ? new Promise(() => {}) : usual(params, call)));
    }
    void host.serve(async (_, turn) => turn.text("late"));
    const id = inbox.add();
    expect(await inbox.outcome(id)).toEqual({ kind: "done" });
    expect(inbox.text(id)).toBe("late");
    expect(errors).toEqual([]);
  });

  test("repeats a drain whose answer was lost with the same claim token, and takes a new one for the next batch", async () => {
    const { daemon, inbox, host } = await start();
    const usual = daemon.answers.get("sessions/drain")!;
    let lost = false;
    daemon.on("sessions/drain", (params, call) => {
      if (lost) return usual(params, call);
      lost = true;
      daemon.dropAll();
      return { interactions: [] };
    });
    void host.serve(() => "done");
    for (const id of [inbox.add(), inbox.add()]) await inbox.outcome(id);
    const tokens = daemon.seen("sessions/drain").map(({ params }) => params.claim_token);
    expect(tokens[1]).toBe(tokens[0]);
    expect(tokens[2]).not.toBe(tokens[0]);
    expect(tokens[0]).toMatch(/^[A-Za-z0-9_-]{16,128}$/);
  });

  test("names the claims that it works under", async () => {
    const { inbox, host } = await start({ concurrency: 2 });
    const gate = Promise.withResolvers<void>();
    void host.serve(() => gate.promise);
    const id = inbox.add();
    while (inbox.drained.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(inbox.drained[1]).toMatchObject({ claims: [inbox.claims.get(id)] });
    gate.resolve();
    await inbox.outcome(id);
  });

  test("goes on under the new claim when it is offered again what it works on", async () => {
    const { inbox, host } = await start({ concurrency: 2 });
    let begun = 0;
    const began = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    void host.serve(async (_, turn) => {
      begun += 1;
      began.resolve();
      await gate.promise;
      await turn.text("text");
    });
    const id = inbox.add();
    await began.promise;
    const first = inbox.claims.get(id)!;
    inbox.add({ attempt: 2 }, id);
    while (inbox.claims.get(id) === first) await new Promise((resolve) => setImmediate(resolve));
    inbox.lost.add(first);
    gate.resolve();
    expect(await inbox.outcome(id)).toEqual({ kind: "done" });
    expect(begun).toBe(1);
    expect(inbox.text(id)).toBe("text");
  });

  test("[sdk.host-stop-away] stops while the daemon is away once no work is in flight", async () => {
    const away = Promise.withResolvers<void>();
    const { daemon, inbox, host } = await start({ onOutage: () => away.resolve() });
    const serving = host.serve(() => "done");
    await inbox.outcome(inbox.add());
    // The next drain shows that the turn has ended.
    while (inbox.drained.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await daemon.stop();
    await away.promise;
    await host.stop();
    await serving;
  });

  test("[sdk.host-abort] ends at once on request, the daemon away or not", async () => {
    for (const away of [false, true]) {
      const { daemon, inbox, host } = await start({}, { environment: quick });
      const began = Promise.withResolvers<void>();
      const serving = host.serve(async (_, turn) => {
        began.resolve();
        await new Promise((resolve) => turn.signal.addEventListener("abort", resolve));
        turn.signal.throwIfAborted();
      });
      const id = inbox.add();
      await began.promise;
      if (away) await daemon.stop();
      await host.abort();
      await serving;
      expect(inbox.settled.get(id)).toEqual(away ? undefined : { kind: "retry_after", delay_ms: 0 });
    }
  });

  test("ends when another holder has taken its name meanwhile", async () => {
    const { daemon, inbox, host } = await start();
    const aborted = Promise.withResolvers<unknown>();
    const began = Promise.withResolvers<void>();
    const serving = host.serve(async (_, turn) => {
      turn.signal.addEventListener("abort", () => aborted.resolve(turn.signal.reason));
      began.resolve();
      await aborted.promise;
    });
    inbox.add();
    await began.promise;
    await daemon.stop();
    daemon.on("sessions/open", () => new Fault("session_name_taken", { retryable: true }, 409));
    daemon.on("sessions/drain", () => new Fault("fence_stale", {}, 409));
    await daemon.listen();
    await expect(serving).rejects.toMatchObject({ code: "session_name_taken" });
    expect(await aborted.promise).toMatchObject({ code: "session_name_taken" });
  });

  test("a session without a host's work is opened again too", async () => {
    const { daemon, inbox, client } = await start({}, { environment: quick });
    const held = await client.holdSession("bridge");
    await daemon.stop();
    await daemon.listen();
    daemon.on("sessions/open", ({ lease_token, name, ttl_ms }) => {
      inbox.opens.push({ lease_token, name, ttl_ms });
      const stale = lease_token === inbox.opens[0]?.lease_token && ttl_ms !== 0;
      return stale ? new Fault("fence_stale", {}, 409) : { session: { name }, lease: {} };
    });
    while (new Set(inbox.opens.map(({ lease_token }) => lease_token)).size < 2)
      await new Promise((resolve) => setImmediate(resolve));
    await held.release();
  });
});

test("[sdk.host-outage] a call of a stopped process gets time to read what arrived meanwhile", () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const running = new Deadline(1_000);
  vi.advanceTimersByTime(1_000);
  expect(running.failure).toMatchObject({ code: "deadline_exceeded" });
  const stopped = new Deadline(1_000);
  const later = performance.now() + 60_000;
  const clock = vi.spyOn(performance, "now").mockReturnValue(later);
  onTestFinished(() => clock.mockRestore());
  vi.advanceTimersByTime(1_000);
  expect(stopped.failure).toBe(undefined);
  vi.advanceTimersByTime(500);
  expect(stopped.failure).toMatchObject({ code: "deadline_exceeded" });
});

test("[sdk.proxy-away] a gateway error is an outage of the daemon behind it", () => {
  const page = "<html>Bad Gateway</html>";
  for (const status of [502, 503, 504])
    expect(httpError(status, page, "https://home")).toMatchObject({ code: "daemon_unreachable" });
  const foreign = httpError(500, page, "https://home");
  expect(foreign).toMatchObject({ code: "daemon_unreachable", retryable: false });
  expect(isOutage(foreign)).toBe(false);
});

describe("[sdk.host-buffer] while the daemon is away", () => {
  const mebibyte = "x".repeat(1024 * 1024);

  test("8 MiB of events are kept, and an emit above that resolves when there is room again", async () => {
    const { daemon, inbox, turn, id, finish } = await inTurn();
    await daemon.stop();
    let resolved = 0;
    for (let at = 0; at < 8; at += 1)
      void turn.text(at === 7 ? mebibyte.slice(100_000) : mebibyte).then(() => (resolved += 1));
    while (resolved < 8) await new Promise((resolve) => setImmediate(resolve));
    const more = turn.text(mebibyte).then(() => (resolved += 1));
    await systemEnvironment.delay(50);
    expect(resolved).toBe(8);
    await daemon.listen();
    await more;
    await turn.flush();
    finish();
    expect(await inbox.outcome(id)).toEqual({ kind: "done" });
    expect(inbox.text(id).length).toBe(9 * mebibyte.length - 100_000);
    expect(bufferBytes).toBe(8 * mebibyte.length);
  });

  test("an event that is refused later fails the work, and takes none of its neighbours along", async () => {
    const errors: unknown[] = [];
    const { daemon, inbox, host, turn, id, finish } = await inTurn({
      onError: (error) => errors.push(error),
    });
    await daemon.stop();
    await turn.text("a");
    for (const text of ["b", "c", "d"]) await turn.emit({ kind: "text_complete", text });
    const usual = daemon.answers.get("sessions/emit")!;
    daemon.on("sessions/emit", (params, call) => {
      const refused = (params.events as { text?: string }[]).some(({ text }) => text === "c");
      return refused ? new Fault("invalid_request", {}, 400) : usual(params, call);
    });
    await daemon.listen();
    finish();
    expect(await inbox.outcome(id)).toMatchObject({ kind: "dead", code: "executor_error" });
    await host.stop();
    const texts = inbox.emitted.get(id)!.map(({ delta, text }) => delta ?? text);
    expect(texts.filter((text) => text !== undefined)).toEqual(["a", "b", "d"]);
    expect(errors).toMatchObject([{ code: "invalid_request" }]);
  });

  test("without an outage an emit resolves when it is durable", async () => {
    const { daemon, inbox, turn, id, finish } = await inTurn();
    const usual = daemon.answers.get("sessions/emit")!;
    const gate = Promise.withResolvers<void>();
    daemon.on("sessions/emit", async (params, call) => {
      await gate.promise;
      return usual(params, call);
    });
    let durable = false;
    const emitted = turn.text("a").then(() => (durable = true));
    await systemEnvironment.delay(50);
    expect(durable).toBe(false);
    gate.resolve();
    await emitted;
    expect(inbox.text(id)).toBe("a");
    finish();
    await inbox.outcome(id);
  });

  async function inTurn(
    options: HostOptions = {},
  ): Promise<Awaited<ReturnType<typeof start>> & { turn: Turn; id: string; finish: () => void }> {
    const started = await start(options);
    const turns = Promise.withResolvers<Turn>();
    const gate = Promise.withResolvers<void>();
    void started.host.serve(async (_, turn) => {
      turns.resolve(turn);
      await gate.promise;
    });
    const id = started.inbox.add({ stream_reserved: true });
    return { ...started, turn: await turns.promise, id, finish: gate.resolve };
  }
});

/** A delay takes a moment. */
const quick = {
  ...systemEnvironment,
  delay: (_: number, signal?: AbortSignal) => systemEnvironment.delay(1, signal),
};

async function start(
  options: HostOptions = {},
  clientOptions: Parameters<typeof createClient>[0] = {},
): Promise<{ daemon: FakeDaemon; inbox: FakeInbox; client: ReturnType<typeof createClient>; host: Host }> {
  const daemon = await FakeDaemon.start();
  const inbox = new FakeInbox(daemon);
  const client = createClient({ baseUrl: daemon.address, token: "t", ...clientOptions });
  const host = client.host("echo", options);
  onTestFinished(async () => {
    await host.abort();
    await client.close();
  });
  return { daemon, inbox, client, host };
}
