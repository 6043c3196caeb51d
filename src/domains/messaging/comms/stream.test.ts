import { expect, test } from "vitest";
import { settle } from "../../../../test/support/simulation.js";
import { type Host, principalNamed, World } from "../../../../test/support/world.js";
import type { CommsStreamEvent } from "../../../generated/types.js";
import type { OpenStream } from "../../../kernel/handlers.js";

async function asked(world: World, stream: "none" | "reserve_interaction" = "reserve_interaction", as = {}) {
  const sent = await world.call(
    "comms.send",
    { kind: "peer_request", to: "bob", intent: "ask", params: null, stream },
    as,
  );
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  return { kind: "interaction" as const, interaction_id: sent.interaction_id };
}

async function started(limits = {}): Promise<{ world: World; bob: Host }> {
  const world = await World.start({ limits });
  return { world, bob: await world.host("bob") };
}

async function take({ events }: OpenStream, count: number): Promise<CommsStreamEvent[]> {
  const taken: CommsStreamEvent[] = [];
  while (taken.length < count) {
    const step = await events.next();
    if (step.done) throw new Error(`ended: ${step.value.reason}`);
    taken.push(JSON.parse(step.value.json) as CommsStreamEvent);
    expect(step.value.sequence).toBe(taken.at(-1)!.sequence);
    expect(step.value.kind).toBe(taken.at(-1)!.event.kind);
  }
  return taken;
}

test("[comms.stream-live] a reader sees what is kept, then what comes, and the end", async () => {
  const { world, bob } = await started();
  const scope = await asked(world);
  const open = await world.stream({ scope });
  expect(open.opened).toMatchObject({
    scope,
    snapshot: { state: "attached", first_sequence: 1, last_sequence: 1 },
  });
  const [first] = await take(open, 1);
  expect(first).toEqual({
    stream_id: open.opened.stream_id,
    scope,
    sequence: 1,
    event_id: expect.any(String),
    at: expect.any(String),
    interaction_id: scope.interaction_id,
    event: { kind: "interaction_started", surface: "rpc", command: "peer_request", from: "user-local" },
  });
  const next = take(open, 2);
  await bob.drain();
  expect(await bob.emit(scope.interaction_id, "hé")).toMatchObject({ last_sequence: 3 });
  expect(await next).toMatchObject([
    { sequence: 2, event: { kind: "delivery_updated", state: "ingested" } },
    { sequence: 3, event: { delta: "hé" } },
  ]);
  await bob.settle(scope.interaction_id, { kind: "done", result: 7 });
  expect((await take(open, 1))[0]!.event).toEqual({ kind: "interaction_complete", result: 7 });
  expect(await open.events.next()).toEqual({
    done: true,
    value: { stream_id: open.opened.stream_id, reason: "terminal" },
  });
  await expect(world.stream({ scope })).rejects.toMatchObject({ code: "not_reserved" });
  const status = await world.stream({ scope, follow: false });
  expect(status.opened.snapshot).toEqual({
    state: "completed",
    first_sequence: 1,
    last_sequence: 4,
    terminal: { kind: "interaction_complete", result: 7 },
  });
  await world.stop();
});

test("[comms.fast-answer] an answer that came before the reader waits for it", async () => {
  const { world, bob } = await started();
  const scope = await asked(world);
  await bob.drain();
  await bob.respond("user-local", scope.interaction_id, "quick");
  const open = await world.stream({ scope });
  expect((await take(open, 4)).map(({ event }) => event.kind)).toEqual([
    "interaction_started",
    "delivery_updated",
    "peer_response_received",
    "interaction_complete",
  ]);
  expect((await open.events.next()).value).toMatchObject({ reason: "terminal" });
  await world.stop();
});

test("[comms.reservation-ttl] a reservation runs out; the log stays readable", async () => {
  const { world, bob } = await started();
  const scope = await asked(world);
  world.clock.advance(30_000);
  await expect(world.stream({ scope })).rejects.toMatchObject({ code: "not_reserved" });
  await bob.drain();
  await bob.settle(scope.interaction_id);
  expect(await world.read(scope)).toHaveLength(3);
  const none = await asked(world, "none");
  await expect(world.stream({ scope: none })).rejects.toMatchObject({ code: "not_reserved" });
  await world.stop();
});

test("[comms.single-reader] an interaction has one reader; it can be taken over by name", async () => {
  const { world, bob } = await started();
  const scope = await asked(world);
  const first = await world.stream({ scope });
  await take(first, 1);
  await expect(world.stream({ scope })).rejects.toMatchObject({ code: "already_attached" });
  await bob.drain();
  await bob.emit(scope.interaction_id, "x");
  const second = await world.stream({ scope, after_sequence: 1, resume_of: first.opened.stream_id });
  expect((await first.events.next()).value).toMatchObject({ reason: "superseded" });
  expect((await take(second, 1))[0]!.sequence).toBe(2);
  await world.stop();
});

test("[comms.resume] a dropped connection gives the reservation back, and the reader goes on where it was", async () => {
  const { world, bob } = await started();
  const scope = await asked(world);
  const call = world.context({ connection: "c1" });
  const open = await world.stream({ scope }, call);
  await take(open, 1);
  world.clock.advance(60_000);
  call.cancel();
  expect(await open.events.next()).toMatchObject({ done: true });
  await bob.drain();
  await bob.emit(scope.interaction_id, "missed");
  world.clock.advance(29_999);
  const again = await world.stream({ scope, after_sequence: 1 });
  expect((await take(again, 2))[1]).toMatchObject({ sequence: 3, event: { delta: "missed" } });
  await world.stop();
});

test("[comms.resume-at-end] who resumes behind the terminal event hears the end at once", async () => {
  const { world, bob } = await started();
  const scope = await asked(world);
  const first = await world.stream({ scope });
  await bob.drain();
  await bob.settle(scope.interaction_id);
  const { sequence } = (await take(first, 3)).at(-1)!;
  const again = await world.stream({
    scope,
    after_sequence: sequence!,
    resume_of: first.opened.stream_id,
  });
  expect((await again.events.next()).value).toMatchObject({ reason: "terminal" });
  expect((await first.events.next()).value).toMatchObject({ reason: "superseded" });
  await expect(world.stream({ scope })).rejects.toMatchObject({ code: "not_reserved" });
  await world.stop();
});

test("[comms.reservation-final] an end state is one after a restart too, and is told as it was", async () => {
  const { world, bob } = await started();
  const [completed, expired, closed] = [await asked(world), await asked(world), await asked(world)];
  const read = await world.stream({ scope: completed });
  await bob.drain();
  await bob.settle(completed.interaction_id);
  await take(read, 3);
  expect((await read.events.next()).value).toMatchObject({ reason: "terminal" });
  const left = await world.stream({ scope: closed }, { connection: "c1" });
  await world.call("comms.stream_close", { stream_id: left.opened.stream_id }, { connection: "c1" });
  world.clock.advance(30_000);
  const later = await world.restart();
  const states: string[] = [];
  for (const scope of [completed, expired, closed]) {
    await expect(later.stream({ scope })).rejects.toMatchObject({ code: "not_reserved" });
    states.push((await later.stream({ scope, follow: false })).opened.snapshot.state);
  }
  expect(states).toEqual(["completed", "expired", "closed_early"]);
  expect(later.comms.stats().reservations).toBe(0);
  await later.stop();
});

test("[comms.stream-close] closing belongs to the connection, may be repeated, and is for good", async () => {
  const { world } = await started();
  const scope = await asked(world);
  const open = await world.stream({ scope }, { connection: "c1" });
  const close = { stream_id: open.opened.stream_id };
  const waiting = take(open, 1).then(() => open.events.next());
  await expect(world.call("comms.stream_close", close, { connection: "c2" })).rejects.toMatchObject({
    code: "permission_denied",
  });
  await settle();
  expect(await world.call("comms.stream_close", close, { connection: "c1" })).toEqual({
    closed: true,
    already_closed: false,
  });
  expect((await waiting).value).toEqual({ ...close, reason: "closed" });
  expect(await world.call("comms.stream_close", close, { connection: "c1" })).toEqual({
    closed: true,
    already_closed: true,
  });
  await expect(
    world.call("comms.stream_close", { stream_id: "00000000-0000-7000-8000-000000000000" }),
  ).rejects.toMatchObject({ code: "stream_not_found" });
  await expect(world.stream({ scope })).rejects.toMatchObject({ code: "not_reserved" });
  await settle();
  const later = await world.restart();
  await expect(later.stream({ scope })).rejects.toMatchObject({ code: "not_reserved" });
  await later.stop();
});

test("[comms.stream-restart] [field.durable-stream] after a restart the reservation waits again and nothing is lost", async () => {
  const { world, bob } = await started();
  const scope = await asked(world);
  const open = await world.stream({ scope });
  await bob.drain();
  await bob.emit(scope.interaction_id, "a");
  await take(open, 3);
  const later = await world.restart();
  expect(await open.events.next()).toMatchObject({ done: true, value: { reason: "shutdown" } });
  const again = await later.stream({ scope, after_sequence: 2 });
  expect((await take(again, 1))[0]).toMatchObject({ sequence: 3, event: { delta: "a" } });
  // The claim lives on too.
  await later.call("sessions.emit", {
    name: "bob",
    claim_token: bob.claim,
    interaction_id: scope.interaction_id,
    events: [{ kind: "text_delta", turn_id: "00000000-0000-7000-8000-000000000000", delta: "b" }],
  });
  await later.stop();
});

test("[comms.cursor] a session is read from now on unless told; a cursor in the future is refused", async () => {
  const { world, bob } = await started();
  await asked(world, "none");
  const scope = { kind: "session" as const, session_id: bob.sessionId };
  const tail = await world.stream({ scope });
  const all = await world.stream({ scope, after_sequence: 0 });
  await asked(world, "none");
  expect((await take(tail, 1))[0]!.sequence).toBe(2);
  expect((await take(all, 2)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  await expect(world.stream({ scope, after_sequence: 3 })).rejects.toMatchObject({
    code: "stream_not_found",
    details: [{ field: "after_sequence", issue: "out_of_range", expected: "0 to 2", got: "3" }],
  });
  await world.stop();
});

test("[comms.stream-permission] a log is read by its session's principal, an interaction also by who asked", async () => {
  const world = await World.start();
  const ann = { principal: principalNamed("ann") };
  const eve = { principal: principalNamed("eve") };
  const bob = await world.host("bob", ann);
  const scope = await asked(world, "reserve_interaction", eve);
  const session = { kind: "session" as const, session_id: bob.sessionId };
  const mallory = { principal: principalNamed("mallory") };
  await expect(world.stream({ scope: session }, mallory)).rejects.toMatchObject({
    code: "permission_denied",
  });
  await expect(world.stream({ scope: session }, eve)).rejects.toMatchObject({ code: "permission_denied" });
  await expect(world.stream({ scope }, mallory)).rejects.toMatchObject({ code: "permission_denied" });
  await world.stream({ scope }, eve);
  await world.stream({ scope: session }, ann);
  await world.stream({ scope: session }, { principal: principalNamed("tool", ["bob"]) });
  await expect(
    world.stream({ scope: { ...session, session_id: "00000000-0000-7000-8000-000000000000" } }, ann),
  ).rejects.toMatchObject({ code: "session_not_found" });
  await world.stop();
});

test("[comms.revoked] the end of the credentials ends the stream", async () => {
  const { world, bob } = await started();
  const ended = new AbortController();
  const principal = { ...principalNamed("ann", ["*"]), ended: ended.signal };
  const open = await world.stream({ scope: { kind: "session", session_id: bob.sessionId } }, { principal });
  const next = open.events.next();
  ended.abort();
  expect(await next).toMatchObject({ done: true, value: { reason: "revoked" } });
  await world.stop();
});

test("[comms.retention-age] events go after their time, but not while their interaction can be read", async () => {
  const hour = 3_600_000;
  const { world, bob } = await started({ sessionKeepMs: 24 * hour });
  const bobs = { kind: "session", session_id: bob.sessionId } as const;
  const long = await asked(world, "none");
  await bob.drain();
  for (let n = 0; n < 70; n += 1) await bob.emit(long.interaction_id, `${n}`);
  const first = async (now: World): Promise<number | undefined> =>
    (await now.read(bobs)).find(({ sequence }) => sequence !== undefined)?.sequence;
  const pass = async (now: World, hours: number): Promise<void> => {
    for (let n = 0; n < hours * 72; n += 1) {
      // A host that works renews its claim.
      if (!done) await bob.emit(long.interaction_id, "still at it");
      now.clock.advance(50_000);
      await settle();
    }
  };
  let done = false;
  await pass(world, 25);
  expect(await first(world)).toBe(1);
  await bob.settle(long.interaction_id);
  done = true;
  await pass(world, 0.5);
  expect(await first(world)).toBe(1);
  await pass(world, 1);
  // Marks are 64 events apart: of 25 hours the first one and a half are gone.
  const kept = await first(world);
  expect(kept).toBeGreaterThan(64);
  expect(kept).toBeLessThan(320);
  // Nobody has to do with the session any more: it rests, and its events go all the same.
  await pass(world, 26);
  const later = await world.restart();
  const left = (await later.read(bobs)).filter(({ sequence }) => sequence !== undefined);
  expect(left.length).toBeLessThan(64);
  await later.stop();
});

test("[comms.truncated] what retention took is told to the reader, and sequences go on after a restart", async () => {
  const limits = { sessionEventsMax: 100 };
  const { world, bob } = await started(limits);
  const scope = await asked(world, "none");
  await bob.drain();
  for (let n = 0; n < 500; n += 1) await bob.emit(scope.interaction_id, `${n}`);
  await settle();
  const check = async (now: World): Promise<void> => {
    const [gap, first, ...rest] = await now.read({ kind: "session", session_id: bob.sessionId });
    expect(gap!.event.kind).toBe("stream_truncated");
    expect(gap!.sequence).toBeUndefined();
    expect(gap!.event).toMatchObject({ from_sequence: 1, to_sequence: first!.sequence! - 1 });
    expect(rest.at(-1)!.sequence).toBe(502);
    expect(rest).toHaveLength(502 - first!.sequence!);
    const [lost, kept] = await now.read(scope);
    expect(lost!.event.kind).toBe("stream_truncated");
    expect(kept!.sequence).toBe(first!.sequence);
  };
  await check(world);
  const later = await world.restart("again", limits);
  await check(later);
  await later.call("sessions.settle", {
    name: "bob",
    claim_token: bob.claim,
    interaction_id: scope.interaction_id,
    outcome: { kind: "done" },
  });
  const end = await later.read(scope, 502);
  expect(end).toMatchObject([{ sequence: 503, event: { kind: "interaction_complete" } }]);
  await later.stop();
});

test("[comms.retention] an ended interaction can be read for its time, then it is gone", async () => {
  const { world, bob } = await started();
  const scope = await asked(world, "none");
  await bob.drain();
  await bob.settle(scope.interaction_id);
  world.clock.advance(3_500_000);
  await settle();
  expect(await world.read(scope)).toHaveLength(3);
  world.clock.advance(100_000);
  await settle();
  world.clock.advance(60_000);
  await settle();
  await expect(world.read(scope)).rejects.toMatchObject({ code: "interaction_not_found" });
  const later = await world.restart();
  await expect(later.read(scope)).rejects.toMatchObject({ code: "interaction_not_found" });
  expect(await later.read({ kind: "session", session_id: bob.sessionId })).toHaveLength(3);
  await later.stop();
});

test("[comms.sequences] [field.order] positions are contiguous and the same for every reader under concurrent emitters", async () => {
  const { world, bob } = await started();
  const scopes = await Promise.all(Array.from({ length: 8 }, () => asked(world)));
  await bob.drain();
  const session = { kind: "session" as const, session_id: bob.sessionId };
  const readers = await Promise.all(
    [0, 3, 8].map((after) => world.stream({ scope: session, after_sequence: after })),
  );
  const own = await Promise.all(scopes.map((scope) => world.stream({ scope })));
  const reading = Promise.all([
    ...readers.map((open, at) => take(open, 8 * 52 - [0, 3, 8][at]!)),
    ...own.map((open) => take(open, 52)),
  ]);
  await Promise.all(
    scopes.map(async ({ interaction_id: id }, at) => {
      for (let n = 0; n < 50; n += 1) await bob.emit(id, `${at}/${n}`);
    }),
  );
  const [whole, from3, from8, ...interactions] = await reading;
  expect(whole!.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 416 }, (_, at) => at + 1));
  const plain = (events: CommsStreamEvent[]) =>
    events.map(({ sequence, event_id: id }) => `${sequence} ${id}`);
  expect(plain(from3!)).toEqual(plain(whole!).slice(3));
  expect(plain(from8!)).toEqual(plain(whole!).slice(8));
  for (const [at, events] of interactions.entries()) {
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 52 }, (_, n) => n + 1));
    const ids = new Set(events.map(({ event_id: id }) => id));
    expect(whole!.filter(({ event_id: id }) => ids.has(id)).map(({ event_id: id }) => id)).toEqual([...ids]);
    expect(events.slice(2).map(({ event }) => (event as { delta: string }).delta)).toEqual(
      Array.from({ length: 50 }, (_, n) => `${at}/${n}`),
    );
  }
  await world.stop();
});

test("[comms.stream-slow] a reader far behind is served from the store without a gap", async () => {
  const { world, bob } = await started();
  const scope = await asked(world);
  const open = await world.stream({ scope });
  await bob.drain();
  for (let n = 0; n < 100; n += 1)
    await world.call("sessions.emit", {
      name: "bob",
      claim_token: bob.claim,
      interaction_id: scope.interaction_id,
      events: Array.from({ length: 40 }, (_, at) => ({
        kind: "text_delta" as const,
        turn_id: "00000000-0000-7000-8000-000000000000",
        delta: `${n * 40 + at}`,
      })),
    });
  const events = await take(open, 4001);
  expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 4001 }, (_, at) => at + 1));
  await world.stop();
});

test("[comms.stream-slow] large events come a few at a time, and all of them", async () => {
  const reads: number[] = [];
  const { world, bob } = await started();
  const scope = await asked(world);
  const open = await world.stream({ scope });
  await bob.drain();
  for (let n = 0; n < 40; n += 1) await bob.emit(scope.interaction_id, `${n} ${"x".repeat(200_000)}`);
  const read = world.backend.read.bind(world.backend);
  world.backend.read = async (log, options) => {
    const entries = await read(log, options);
    reads.push(entries.reduce((sum, { body }) => sum + body.length, 0));
    return entries;
  };
  const session = await world.stream({
    scope: { kind: "session", session_id: bob.sessionId },
    after_sequence: 0,
    follow: false,
  });
  for (const events of [await take(open, 41), await take(session, 41)])
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 41 }, (_, at) => at + 1));
  expect(reads.length).toBeGreaterThan(5);
  expect(Math.max(...reads)).toBeLessThan(1024 * 1024 + 201_000);
  await world.stop();
});

test("[comms.reservation-cleanup] whatever way a stream ends, nothing is left behind", async () => {
  const { world, bob } = await started();
  const idle = { streams: 0, reservations: 0 };
  const expired = await asked(world);
  expect(world.comms.stats()).toEqual({ streams: 0, reservations: 1 });
  world.clock.advance(30_000);
  expect(world.comms.stats()).toEqual(idle);
  await expect(world.stream({ scope: expired })).rejects.toMatchObject({ code: "not_reserved" });
  const closed = await world.stream({ scope: await asked(world) }, { connection: "c1" });
  expect(world.comms.stats()).toEqual({ streams: 1, reservations: 0 });
  await world.call("comms.stream_close", { stream_id: closed.opened.stream_id }, { connection: "c1" });
  expect(world.comms.stats()).toEqual(idle);
  const dropped = await world.stream({ scope: await asked(world) });
  await dropped.events.return(undefined as never);
  expect(world.comms.stats()).toEqual({ streams: 0, reservations: 1 });
  world.clock.advance(30_000);
  expect(world.comms.stats()).toEqual(idle);
  const scope = await asked(world);
  const whole = await world.stream({ scope });
  const items = await bob.drain();
  await bob.settle(items.at(-1)!.interaction_id);
  await take(whole, 3);
  expect(world.comms.stats()).toEqual({ streams: 1, reservations: 0 });
  expect((await whole.events.next()).value).toMatchObject({ reason: "terminal" });
  expect(world.comms.stats()).toEqual(idle);
  await world.stop();
});
