import { describe, expect, test } from "vitest";
import { Parley, type ParleyError } from "../src/index.js";
import { backoff } from "../src/runtime/retry.js";
import { fastEnvironment } from "./_environment.js";
import { FakeDaemon, Fault } from "./_fake-daemon.js";

/** Operations by declared idempotency, each over the wire that carries it. */
const operations = {
  "none (http)": {
    method: "system/create_ticket",
    call: (client: Parley) => client.system.createTicket(),
    repeats: false,
  },
  "none (rpc)": {
    method: "sessions/drain",
    call: (client: Parley) => client.sessions.drain({ name: "a", lease_token: "0123456789abcdef" }),
    repeats: false,
  },
  "natural (http)": {
    method: "system/status",
    call: (client: Parley) => client.system.status(),
    repeats: true,
  },
  "natural (rpc)": { method: "comms/peers", call: (client: Parley) => client.peers(), repeats: true },
  "keyed (rpc)": {
    method: "comms/send",
    call: (client: Parley) => client.send({ kind: "peer_message", to: "a", body: "x" }),
    repeats: true,
  },
};
const failures = {
  "an outage": { fault: new Fault("storage_unavailable", { retryable: true }, 503), passes: true },
  "a limit": { fault: new Fault("quota_exceeded", { retryable: true }, 429), passes: true },
  "a retryable conflict": { fault: new Fault("session_name_taken", { retryable: true }, 409), passes: false },
  "an outage that stays": {
    fault: new Fault("storage_unavailable", { retryable: false }, 503),
    passes: false,
  },
  "a bad request": { fault: new Fault("invalid_request", {}, 400), passes: false },
  "an unknown failure": { fault: new Fault("internal", {}, 500), passes: false },
};
const table = Object.entries(operations).flatMap(([name, operation]) =>
  Object.entries(failures).map(
    ([failure, { fault, passes }]) => [name, failure, operation, fault, passes && operation.repeats] as const,
  ),
);

describe("[sdk.retries] calls are repeated only where declared idempotency allows it", () => {
  test.each(table)("%s after %s", async (_, __, operation, fault, repeated) => {
    const daemon = await FakeDaemon.start();
    daemon.on(operation.method, () => fault);
    await using client = connect(daemon).client;
    await expect(operation.call(client)).rejects.toMatchObject({
      code: (fault.payload as { code: string }).code,
    });
    expect(daemon.seen(operation.method)).toHaveLength(repeated ? 4 : 1);
  });

  test("one key is minted before the first try and every try carries it", async () => {
    const daemon = await FakeDaemon.start();
    let tries = 0;
    daemon.on("comms/send", () =>
      ++tries < 3
        ? new Fault("storage_unavailable", { retryable: true }, 503)
        : {
            kind: "peer_message_sent",
            envelope_id: "e",
            interaction_id: "i",
            acked: true,
            delivery: { state: "delivered", at: "2026-11-21T09:30:00.000Z", attempt: 1 },
            deduplicated: false,
          },
    );
    await using client = connect(daemon).client;
    await client.send({ kind: "peer_message", to: "a", body: "x" });
    await client.send({ kind: "peer_message", to: "a", body: "x" });
    await client.send({ kind: "peer_message", to: "a", body: "x" }, { idempotencyKey: "given" });
    const command = {
      kind: "peer_message",
      to: "a",
      body: "x",
      options: { idempotency_key: "inside" },
    } as const;
    await client.send(command);
    const keys = daemon
      .seen("comms/send")
      .map(({ params }) => (params.options as { idempotency_key: string }).idempotency_key);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).not.toBe(keys[0]);
    expect(keys.slice(4)).toEqual(["given", "inside"]);
  });

  test("a lost connection counts as an outage, and the next try connects again", async () => {
    const daemon = await FakeDaemon.start();
    let tries = 0;
    daemon.on("comms/peers", () => {
      if (++tries === 1) daemon.dropAll();
      return { peers: [], generation: tries };
    });
    await using client = connect(daemon).client;
    expect(await client.peers()).toEqual({ peers: [], generation: 2 });
  });

  test("a try waits for Retry-After, and a wait beyond the time limit fails at once", async () => {
    const daemon = await FakeDaemon.start();
    let tries = 0;
    daemon.on("system/status", () =>
      ++tries === 1
        ? new Fault("quota_exceeded", { retryable: true, retry_after_ms: 1234 }, 429)
        : new Fault("quota_exceeded", { retryable: true, retry_after_ms: 60_000 }, 429),
    );
    const { client, environment } = connect(daemon);
    await expect(client.system.status()).rejects.toMatchObject({ retryAfterMs: 60_000 });
    expect(environment.delays).toEqual([1234]);
    expect(tries).toBe(2);
    await client.close();
  });

  test("the number of tries is the caller's", async () => {
    const daemon = await FakeDaemon.start();
    daemon.on("system/status", () => new Fault("shutting_down", { retryable: true }, 503));
    await using client = connect(daemon).client;
    const failed: ParleyError[] = [];
    for (const retries of [0, 5])
      await client.system.status({ retries }).catch((error) => failed.push(error));
    expect(daemon.seen("system/status")).toHaveLength(1 + 6);
    expect(failed.map(({ code }) => code)).toEqual(["shutting_down", "shutting_down"]);
  });

  test("waits grow with jitter up to a limit", () => {
    const ranges = [0, 3, 20].map((attempt) => [backoff(attempt, () => 0), backoff(attempt, () => 1)]);
    expect(ranges).toEqual([
      [50, 100],
      [400, 800],
      [4000, 8000],
    ]);
  });
});

function connect(daemon: FakeDaemon): { client: Parley; environment: ReturnType<typeof fastEnvironment> } {
  const environment = fastEnvironment();
  return { client: new Parley({ baseUrl: daemon.address, token: "t", environment }), environment };
}
