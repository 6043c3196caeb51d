import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CommsStreamEvent, type EventStream, Parley } from "../src/index.js";
import { fastEnvironment } from "./_environment.js";
import { FakeDaemon } from "./_fake-daemon.js";
import { FakeLog } from "./_fake-log.js";

const done = { kind: "interaction_complete", result: null };
const delta = (text: string): object => ({ kind: "text_delta", turn_id: "t", delta: text });

describe.each(["ws", "sse"] as const)("[sdk.streams] [seed003.m9] streams over %s", (wire) => {
  test("deliver every event once and in order over random cuts and a restart", async () => {
    const { daemon, client } = await start(wire);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 8 }),
        fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
        async (count, cuts, restartAt) => {
          const log = new FakeLog();
          daemon.log = log;
          const left = [...cuts];
          log.cutAfter = () => left.shift();
          const stream = client.stream(log.scope);
          const seen: number[] = [];
          const feed = async (): Promise<void> => {
            for (let index = 0; index < count; index++) {
              if (index === restartAt) {
                await daemon.stop();
                log.forget();
                log.append(delta(`${index}`));
                await daemon.listen();
              } else log.append(delta(`${index}`));
              if (index % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
            }
            log.append(done);
          };
          const fed = feed();
          for await (const { sequence } of stream) seen.push(sequence ?? -1);
          await fed;
          expect(seen).toEqual(Array.from({ length: count + 1 }, (_, index) => index + 1));
        },
      ),
      { numRuns: 60, verbose: true },
    );
  });

  test("find an end that was on the wire when the connection broke", async () => {
    const { log, client } = await start(wire);
    log.append(delta("a"));
    log.append(done);
    const cuts = [1];
    log.cutAfter = () => cuts.shift();
    expect(await kinds(client.stream(log.scope))).toEqual(["text_delta", "interaction_complete"]);
    expect(log.opens.at(-1)).toMatchObject(wire === "ws" ? { follow: false } : { follow: "false" });
  });

  test("read on after the daemon said that it stops", async () => {
    const { log, client } = await start(wire);
    log.append(delta("a"));
    const stream = client.stream(log.scope);
    const first = await stream.next();
    log.end("shutdown");
    log.append(done);
    expect(first.value?.sequence).toBe(1);
    expect(await kinds(stream)).toEqual(["interaction_complete"]);
    expect(log.opens).toHaveLength(2);
    expect(stream.closed).toMatchObject({ reason: "terminal" });
  });

  test.each([
    ["superseded", "stream_closed"],
    ["revoked", "unauthenticated"],
  ])("fail when they are %s", async (reason, code) => {
    const { log, client } = await start(wire);
    const stream = client.stream(log.scope);
    await stream.opened;
    const next = stream.next();
    log.end(reason);
    await expect(next).rejects.toMatchObject({ code });
  });

  test("fail with the error of the first open call", async () => {
    const { log, client } = await start(wire);
    log.refuse = () => ({ code: "interaction_not_found", message: "no", retryable: false });
    const stream = client.stream(log.scope);
    await expect(stream.opened).rejects.toMatchObject({ code: "interaction_not_found" });
    await expect(stream.next()).rejects.toMatchObject({ code: "interaction_not_found" });
    expect(log.opens).toHaveLength(1);
  });

  test("wait for a half-open predecessor and name it", async () => {
    const { log, client } = await start(wire);
    log.append(delta("a"));
    const cuts = [1];
    log.cutAfter = () => cuts.shift();
    let busy = 3;
    log.refuse = ({ resume_of }) =>
      resume_of !== undefined && busy-- > 0
        ? { code: "already_attached", message: "busy", retryable: true }
        : undefined;
    const stream = client.stream(log.scope);
    const opened = await stream.opened;
    await stream.next();
    log.append(done);
    expect(await kinds(stream)).toEqual(["interaction_complete"]);
    expect(
      new Set(log.opens.slice(1).flatMap((open) => (open.follow === undefined ? [open.resume_of] : []))),
    ).toEqual(new Set([opened.stream_id]));
  });

  test("give up when the daemon stays away", async () => {
    const { daemon, client, log } = await start(wire);
    const stream = client.stream(log.scope, { reconnectTimeout: 5_000 });
    await stream.opened;
    const next = stream.next();
    await daemon.stop();
    await expect(next).rejects.toMatchObject({ code: "daemon_unreachable" });
  });

  test("resume after silence", async () => {
    const { log, client } = await start(wire);
    const stream = client.stream(log.scope, { idleTimeout: 60 });
    await stream.opened;
    const next = stream.next();
    await expect.poll(() => log.opens.length).toBeGreaterThan(1);
    log.append(done);
    expect((await next).value?.sequence).toBe(1);
  });

  test("end at once when they are closed, and when the signal aborts", async () => {
    const { log, client } = await start(wire);
    const one = client.stream(log.scope);
    await one.opened;
    const waiting = one.next();
    await one.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const abort = new AbortController();
    const two = client.stream(log.scope, { signal: abort.signal });
    await two.opened;
    const other = two.next();
    abort.abort();
    await expect(other).rejects.toMatchObject({ code: "request_cancelled" });
  });

  test("know where they are, and that a reader leaves the loop", async () => {
    const { log, client } = await start(wire);
    for (const text of ["a", "b", "c"]) log.append(delta(text));
    const stream = client.stream(log.scope, { afterSequence: 1 });
    for await (const event of stream) {
      expect(event.sequence).toBe(2);
      break;
    }
    expect(stream.lastSequence).toBe(2);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("skip what is no longer kept", async () => {
    const { daemon, log, client } = await start(wire);
    log.append({ kind: "stream_truncated", from_sequence: 1, to_sequence: 40 });
    const stream = client.stream(log.scope);
    // The fake numbers every event; the daemon's truncation notice has no number.
    const first = await stream.next();
    expect(first.value?.event.kind).toBe("stream_truncated");
    expect(daemon.seen("comms/stream_open")).toHaveLength(1);
  });
});

describe("[sdk.streams] a stream of a session", () => {
  test("resumes from where it began although nothing had come", async () => {
    const { log, client } = await start("ws");
    for (const text of ["a", "b"]) log.append(delta(text));
    const cuts = [0];
    log.cutAfter = () => cuts.shift();
    const stream = client.stream({ kind: "session", session_id: log.scope.interaction_id });
    await stream.opened;
    expect(stream.lastSequence).toBe(2);
    const next = stream.next();
    await expect.poll(() => log.opens.length).toBe(2);
    expect(log.opens[1]).toMatchObject({ after_sequence: 2 });
    await stream.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

async function start(wire: "ws" | "sse"): Promise<{ daemon: FakeDaemon; log: FakeLog; client: Parley }> {
  const folder = mkdtempSync(join(tmpdir(), "parley-sdk-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const socketPath = join(folder, "daemon.sock");
  const daemon = await FakeDaemon.start(wire === "sse" ? socketPath : undefined);
  const log = new FakeLog();
  daemon.log = log;
  const where = wire === "sse" ? { socketPath } : { baseUrl: daemon.address };
  // More tries than cuts: the fake may break a connection before its first byte is out.
  const client = new Parley({ ...where, environment: fastEnvironment(), retries: 12 });
  onTestFinished(() => client.close());
  return { daemon, log, client };
}

async function kinds(stream: EventStream<CommsStreamEvent>): Promise<string[]> {
  const all: string[] = [];
  for await (const { event } of stream) all.push(event.kind);
  return all;
}
