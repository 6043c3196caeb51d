import { describe, expect, test } from "vitest";
import { type CommsCommand, createClient, type Parley, SendAndStreamError } from "../src/index.js";
import { fastEnvironment } from "./_environment.js";
import { FakeDaemon, Fault } from "./_fake-daemon.js";
import { FakeLog } from "./_fake-log.js";

const command: CommsCommand = { kind: "peer_request", to: "echo", intent: "ask", params: {} };

describe("[sdk.send-and-stream] sendAndStream", () => {
  test("reserves the stream, and gives the receipt and every event", async () => {
    const { daemon, log, client } = await start();
    log.append({ kind: "interaction_complete", result: 1 });
    const { receipt, stream } = await client.sendAndStream(command);
    expect(receipt.kind).toBe("peer_request_sent");
    expect(daemon.seen("comms/send")[0]?.params).toMatchObject({ stream: "reserve_interaction" });
    const seen: (number | undefined)[] = [];
    for await (const { sequence } of stream) seen.push(sequence);
    expect(seen).toEqual([1]);
    expect(log.opens[0]).toMatchObject({ after_sequence: 0 });
  });

  test("fails in the stage send when nothing was accepted", async () => {
    const { daemon, log, client } = await start();
    daemon.on("comms/send", () => new Fault("peer_not_found", {}, 404));
    const error = await client.sendAndStream(command).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SendAndStreamError);
    expect(error).toMatchObject({ stage: "send", code: "peer_not_found", receipt: undefined });
    expect(log.opens).toHaveLength(0);
  });

  test("attaches once more before it fails in the stage stream_attach with the receipt", async () => {
    const { log, client } = await start();
    log.refuse = () => ({ code: "not_reserved", message: "no", retryable: false });
    const error = await client.sendAndStream(command).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      stage: "stream_attach",
      code: "not_reserved",
      receipt: { kind: "peer_request_sent" },
    });
    expect(log.opens).toHaveLength(2);
  });

  test("recovers from one failed attach", async () => {
    const { log, client } = await start();
    log.append({ kind: "interaction_complete", result: 1 });
    let refusals = 1;
    log.refuse = () =>
      refusals-- > 0 ? { code: "not_reserved", message: "no", retryable: false } : undefined;
    const { stream } = await client.sendAndStream(command);
    expect((await stream.next()).value?.event.kind).toBe("interaction_complete");
  });
});

async function start(): Promise<{ daemon: FakeDaemon; log: FakeLog; client: Parley }> {
  const daemon = await FakeDaemon.start();
  const log = new FakeLog();
  daemon.log = log;
  daemon.on("comms/send", () => ({
    kind: "peer_request_sent",
    envelope_id: "e",
    interaction_id: log.scope.interaction_id,
    stream_reserved: true,
    delivery: { state: "delivered", at: "2026-11-21T09:30:00.000Z", attempt: 1 },
    deduplicated: false,
  }));
  const client = createClient({ baseUrl: daemon.address, environment: fastEnvironment() });
  return { daemon, log, client };
}
