import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient, type Parley } from "../../sdks/typescript/src/index.js";
import { parley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

describe("what becomes of a command, on the running daemon", () => {
  let daemon: TestDaemon;
  let client: Parley;

  beforeAll(async () => {
    daemon = await startDaemon();
    client = createClient({ baseUrl: daemon.address, token: daemon.token, session: "alice" });
  });
  afterAll(async () => {
    await client?.close();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("[comms.cancel] a host in the middle of its only turn, which says nothing, hears of it", async () => {
    const host = client.host("busy");
    const begun = Promise.withResolvers<void>();
    const serving = host.serve(async (_, turn) => {
      await turn.text("on it");
      begun.resolve();
      await new Promise<void>((resolve) => turn.signal.addEventListener("abort", () => resolve()));
    });
    await untilLive(daemon, "busy");
    const command = { kind: "peer_request", to: "busy", intent: "ask", params: null } as const;
    const { receipt, stream } = await client.sendAndStream(command);
    if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
    await begun.promise;
    const { interaction_id } = receipt;
    await client.send({ ...command, intent: "comms.cancel", params: { interaction_id } });
    const told: string[] = [];
    for await (const { event } of stream)
      told.push(
        event.kind === "delivery_updated"
          ? event.state
          : event.kind === "interaction_failed"
            ? event.reason.code
            : event.kind,
      );
    expect(told.slice(0, 2)).toEqual(["interaction_started", "ingested"]);
    expect(told.at(-1)).toBe("cancelled");
    await host.stop();
    await serving;
  });

  test("[comms.dead-letters] a person lists what failed, tries it again and drops it, from the command line", async () => {
    const host = client.host("fragile", { inboundPolicy: { peer_message: "hold" }, onError: () => {} });
    let broken = true;
    const done: string[] = [];
    const serving = host.serve(({ interaction_id: id }, turn) => {
      if (broken) return turn.fail("out of paper", { retryable: true });
      done.push(id);
      return null;
    });
    await untilLive(daemon, "fragile");
    const json = async (...args: string[]) => {
      const { stdout, code, stderr } = await parley(daemon.env, [...args, "--json"]);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      return JSON.parse(stdout);
    };
    const letters = async () => (await json("session", "dead", "fragile")).dead_letters;
    await client.send({ kind: "peer_message", to: "fragile", body: "print this" });
    const [{ interaction_id: id }] = (await json("session", "held", "fragile")).held;
    await json("session", "release", "fragile", id);
    await until("the letter", async () => (await letters())[0]);
    const { stdout } = await parley(daemon.env, ["session", "dead", "fragile"]);
    expect(stdout).toContain("out of paper");
    broken = false;
    const retried = await json("session", "retry", "fragile", id);
    expect(retried).toMatchObject({ retry_of: id, already_retried: false });
    await until("the second try", () => done.find((one) => one === retried.interaction_id));
    expect(await letters()).toEqual([]);
    expect(await json("session", "drop", "fragile", id)).toEqual({ dropped: true, already_dropped: true });
    await host.stop();
    await serving;
  });
});
