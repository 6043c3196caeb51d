import { expect, test } from "vitest";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { FaultyBackend, seededIds, settle } from "../../../../test/support/simulation.js";
import { principalNamed, World } from "../../../../test/support/world.js";
import type { CommsCommand, InboxInteraction } from "../../../generated/types.js";
import type { Backend } from "../../../kernel/backend.js";
import { openMemory } from "../../../storage/memory/open-memory.js";

const former = "user-console";
const user = "user-local";
const page = { cursor: 0, limit: 50, wait_ms: 0 };

interface OldStore {
  clock: SimulatedClock;
  backend: Backend;
  ids: Record<"message" | "request" | "held" | "asked" | "late" | "ended" | "read", string>;
}

/** Makes the session of the name what an earlier daemon stored for the console. */
async function makeOld(backend: Backend, name: string, principal = "console"): Promise<void> {
  const stored = (await backend.get("sessions", name))!;
  const { separate: _, ...record } = JSON.parse(stored.value);
  const { outcome } = await backend.cas("sessions", name, {
    expectRev: stored.rev,
    value: JSON.stringify({ ...record, fence: record.fence ?? stored.rev, principal }),
  });
  expect(outcome).toBe("committed");
}

/** A store in which messages, requests, answers and a dead letter wait for the console and for the user. */
async function oldStore(principal = "console"): Promise<OldStore> {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const world = await World.start({ clock, backend });
  const bob = await world.host("bob");
  const policy = { peer_message: "hold" as const };
  const send = async (from: string, command: object): Promise<string> =>
    (
      (await world.call("comms.send", command as CommsCommand, { session: from })) as {
        interaction_id: string;
      }
    ).interaction_id;
  const tell = (to: string, body: string, key: string) =>
    send("bob", { kind: "peer_message", to, body, options: { idempotency_key: key } });
  const ask = (from: string, to: string, body: string) =>
    send(from, { kind: "peer_request", to, intent: "ask", params: { body }, stream: "none" });
  await world.call("comms.peers", {}, { session: user });
  const console_ = await world.host(former);
  // The same sender used the same key for both.
  await tell(user, "to the user", "same");
  const message = await tell(former, "to the console", "same");
  const ended = await ask("bob", former, "ended before");
  const dead = await ask("bob", former, "dead");
  const read = await tell(former, "read", "read");
  const claimed = await console_.drain();
  await console_.respond("bob", ended, "done before");
  await console_.settle(ended);
  await console_.settle(dead, { kind: "dead", code: "executor_error", message: "no", retryable: true });
  await console_.settle(read);
  await console_.settle(message, { kind: "retry_after", delay_ms: 0 });
  expect(claimed).toHaveLength(4);
  const request = await ask("bob", former, "ship it?");
  await world.call("sessions.open", {
    name: former,
    ttl_ms: 0,
    lease_token: console_.token,
    inbound_policy: policy,
  });
  const held = await tell(former, "held", "held");
  const asked = await ask(former, "bob", "how many?");
  const late = await ask(former, "bob", "and when?");
  await bob.drain();
  await bob.respond(former, asked, "three");
  await settle();
  await world.stop();
  await makeOld(backend, former, principal);
  return { clock, backend, ids: { message, request, held, asked, late, ended, read } };
}

const textOf = (item: InboxInteraction | { text: string; question?: string }): string =>
  "text" in item ? [item.question, item.text].filter((part) => part !== undefined).join(" > ") : "";

/** What must be true after the start that moved everything, however often one was cut off. */
async function check({ clock, backend, ids }: OldStore): Promise<void> {
  const world = await World.start({ clock, backend, seed: "new" });
  await settle();
  const list = () => world.call("sessions.list_inbox", { name: user, ...page });
  expect((await list()).interactions.map(textOf)).toEqual([
    "to the user",
    "to the console",
    "ship it?",
    "how many? > three",
  ]);
  await expect(world.call("sessions.get", { name: former })).rejects.toMatchObject({
    code: "session_not_found",
  });
  const { held } = await world.call("sessions.list_held", { name: user, limit: 10 });
  expect(held).toMatchObject([{ interaction_id: ids.held }]);
  const { dead_letters } = await world.call("sessions.list_dead_letters", { name: user, limit: 10 });
  expect(dead_letters).toMatchObject([{ code: "executor_error" }]);
  // The asker's interaction goes on where it was, and the user answers it.
  const before = await world.read({ kind: "interaction", interaction_id: ids.request });
  expect(before.map(({ event }) => event.kind)).toEqual(["interaction_started"]);
  const reply = {
    kind: "peer_response",
    to: "bob",
    in_reply_to: ids.request,
    status: "completed",
    result: 1,
  };
  await world.call("comms.send", reply as CommsCommand);
  const events = await world.read({ kind: "interaction", interaction_id: ids.request });
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1));
  expect(events.at(-1)!.event.kind).toBe("interaction_complete");
  // What had ended stays readable, and what was asked is answered to the user.
  const old = await world.read({ kind: "interaction", interaction_id: ids.ended });
  expect(old.at(-1)!.event).toMatchObject({ kind: "interaction_complete" });
  const late = {
    kind: "peer_response",
    to: former,
    in_reply_to: ids.late,
    status: "completed",
    result: "now",
  };
  await world.call("comms.send", late as CommsCommand, { session: "bob" });
  await settle();
  expect((await list()).interactions.map(textOf)).toEqual([
    "to the user",
    "to the console",
    "how many? > three",
    "and when? > now",
  ]);
  // A host gets each once.
  const host = await world.host(user);
  expect((await host.drain()).map(({ interaction_id }) => interaction_id)).toContain(ids.message);
  const log = await world.read({ kind: "session", session_id: host.sessionId });
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, at) => at + 1));
  const started = log.filter(({ event }) => event.kind === "interaction_started");
  expect(new Set(started.map(({ interaction_id }) => interaction_id)).size).toBe(started.length);
  const again = await world.restart("third");
  await settle();
  expect((await again.call("sessions.get", { name: user })).session.session_id).toBe(host.sessionId);
  const { interactions } = await again.call("sessions.list_inbox", { name: user, ...page });
  expect(interactions.map(textOf)).toHaveLength(4);
  await again.stop();
}

test.each(["console", "local"])(
  "[sessions.one-inbox] what waits in the %s user's former console session moves to the user's once",
  async (principal) => check(await oldStore(principal)),
);

test("[sessions.one-inbox] a start that is killed at any write of the move loses and doubles nothing", async () => {
  for (const kind of ["halt", "halt_after"] as const) {
    let atWrite = 1;
    for (let isReached = true; isReached; atWrite += 1) {
      const store = await oldStore();
      const faulty = new FaultyBackend(store.backend, { atWrite, kind });
      const { sessions } = new World({
        clock: store.clock,
        backend: faulty.backend,
        ids: seededIds(store.clock, "cut"),
      });
      await Promise.race([sessions.start(), faulty.halted]);
      isReached = faulty.writes >= atWrite;
      await check(store);
    }
    expect(atWrite).toBeGreaterThan(15);
  }
}, 60_000);

test("[sessions.one-inbox] the console acts as the user's session, and a session of the former name stays apart", async () => {
  const clock = new SimulatedClock();
  const world = await World.start({ clock });
  const browser = { ...principalNamed("console", ["*"]), kind: "browser" as const };
  await world.host("bob");
  const message = { kind: "peer_message", to: "bob", body: "hi" } as const;
  await world.call("comms.send", message, { principal: browser });
  await world.call("comms.send", message);
  const { sessions } = await world.call("sessions.list", {});
  expect(sessions.map(({ name, principal }) => [name, principal])).toEqual([
    ["bob", "local"],
    [user, "local"],
  ]);
  await world.host(former);
  await world.call("comms.send", { ...message, to: former });
  const again = await world.restart();
  expect((await again.call("sessions.list_inbox", { name: former, ...page })).interactions).toHaveLength(1);
  expect((await again.call("sessions.list_inbox", { name: user, ...page })).interactions).toEqual([]);
  await again.stop();
});
