import { expect, test } from "vitest";
import { principalNamed, World } from "../../../../test/support/world.js";
import type { Principal } from "../../../kernel/context.js";

/** A token of the user's name, as earlier versions made them. */
const impostor: Principal = { ...principalNamed("tools"), name: "local" };
const user = principalNamed("local");

async function ask(world: World, principal: Principal) {
  const sent = await world.call(
    "comms.send",
    { kind: "peer_request", to: "bob", intent: "ask", params: null, stream: "none" },
    { principal },
  );
  if (sent.kind !== "peer_request_sent") throw new Error(sent.kind);
  return { kind: "interaction" as const, interaction_id: sent.interaction_id };
}

test("[trust.principals] who sent a command and who has a session is kept with its kind over a restart", async () => {
  let world = await World.start();
  await world.host("bob");
  const asked = { user: await ask(world, user), impostor: await ask(world, impostor) };
  await world.call("sessions.open", { name: "desk", ttl_ms: 60_000 }, { principal: impostor });
  for (const seed of ["again", "and-again"]) {
    const read = { follow: false, after_sequence: 0 };
    expect(await world.stream({ scope: asked.impostor, ...read }, { principal: impostor })).toBeDefined();
    await expect(world.stream({ scope: asked.user, ...read }, { principal: impostor })).rejects.toMatchObject(
      {
        code: "permission_denied",
      },
    );
    const { sessions } = await world.call("sessions.list", {}, { principal: impostor });
    expect(sessions.map(({ name }) => name)).toEqual(["desk", "user-token-local"]);
    world = await world.restart(seed);
  }
  await world.stop();
});

test("[trust.principals] a session and a command of an earlier store, without a kind, are the user's", async () => {
  const world = await World.start();
  await world.host("bob");
  await ask(world, user);
  const { entries } = await world.backend.list("sessions");
  expect(entries.map(({ value }) => JSON.parse(value))).toEqual([
    expect.not.objectContaining({ principal_kind: expect.anything() }),
    expect.not.objectContaining({ principal_kind: expect.anything() }),
  ]);
  await world.stop();
});

test("[trust.principals] a stream gives way only to one of its own principal", async () => {
  const world = await World.start();
  const { sessionId } = await world.host("bob");
  const scope = { kind: "session" as const, session_id: sessionId };
  const granted = { ...impostor, sessions: ["bob"] };
  const first = await world.stream({ scope }, { principal: user });
  const resume_of = first.opened.stream_id;
  await world.stream({ scope, resume_of }, { principal: granted });
  const next = first.events.next();
  await ask(world, user);
  expect(await next).toMatchObject({ done: false });
  await world.stream({ scope, resume_of }, { principal: user });
  expect(await first.events.next()).toMatchObject({ done: true, value: { reason: "superseded" } });
  await world.stop();
});

test("[trust.principals] two principals that make a session of one name at once do not share it", async () => {
  const world = await World.start();
  await world.host("bob");
  const tools = principalNamed("tools");
  const send = { kind: "peer_message" as const, to: "bob", body: "x" };
  const both = await Promise.allSettled([
    world.call("comms.send", send, { principal: tools, session: "shared" }),
    world.call("comms.send", send, { principal: impostor, session: "shared" }),
  ]);
  expect(both).toMatchObject([
    { status: "fulfilled" },
    { status: "rejected", reason: { code: "permission_denied" } },
  ]);
  await world.stop();
});
