import { expect, test } from "vitest";
import { type LinkedDaemon, LinkedDaemons } from "../../../../test/support/linked-daemons.js";
import { settle } from "../../../../test/support/simulation.js";
import type { Host } from "../../../../test/support/world.js";
import type { SendReceipt } from "../../../generated/types.js";

const question = "0199f3a0-4c52-7c01-b200-000000000001";

async function asked(): Promise<{
  daemons: LinkedDaemons;
  a: LinkedDaemon;
  b: LinkedDaemon;
  echo: Host;
  id: string;
  /** The interaction at the host's daemon. */
  far: string;
}> {
  const daemons = new LinkedDaemons({});
  const a = await daemons.start("alpha");
  const b = await daemons.start("beta");
  await daemons.pair(a, b);
  const echo = await b.world.host("echo");
  await daemons.pass(100);
  const receipt = await a.world.call(
    "comms.send",
    { kind: "peer_request", to: "echo-beta", intent: "ask", params: null, stream: "none" },
    { session: "planner" },
  );
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  await settle(60);
  const [got] = await echo.drain();
  await b.world.call("sessions.emit", {
    name: "echo",
    claim_token: echo.claim,
    interaction_id: got!.interaction_id,
    events: [{ kind: "interaction_input_required", request_id: question, prompt: "red or blue?" }],
  });
  await settle(60);
  return { daemons, a, b, echo, id: receipt.interaction_id, far: got!.interaction_id };
}

function answer(a: LinkedDaemon, id: string, body: string, key?: string): Promise<SendReceipt> {
  const in_reply_to = { interaction_id: id, request_id: question };
  const options = { in_reply_to, ...(key === undefined ? {} : { idempotency_key: key }) };
  const command = { kind: "peer_message" as const, to: "echo-beta", body, options };
  return a.world.call("comms.send", command, { session: "planner" });
}

async function answersAt({ world }: LinkedDaemon, echo: Host): Promise<unknown[]> {
  const request = { name: "echo", lease_token: echo.token, max: 0, wait_ms: 0 };
  return (await world.call("sessions.drain", request)).answers ?? [];
}

async function story({ world }: LinkedDaemon, id: string): Promise<string[]> {
  const events = await world.read({ kind: "interaction", interaction_id: id });
  return events.map(({ event }) =>
    event.kind === "delivery_updated" ? `${event.state}${event.request_id ? " answer" : ""}` : event.kind,
  );
}

test("[link.question] a question crosses the link, and so does its answer, each once", async () => {
  const { a, b, echo, id } = await asked();
  expect(await story(a, id)).toEqual([
    "interaction_started",
    "delivered",
    "ingested",
    "interaction_input_required",
  ]);
  const receipt = await answer(a, id, "blue", "k");
  expect(receipt).toMatchObject({ interaction_id: id, acked: false, delivery: { state: "queued" } });
  await expect(answer(a, id, "red")).rejects.toMatchObject({ code: "question_answered" });
  await settle(60);
  expect(await answersAt(b, echo)).toMatchObject([
    { request_id: question, body: "blue", from: "planner-alpha", trust: { verified: true } },
  ]);
  expect((await story(a, id)).slice(4)).toEqual(["delivered answer"]);
  expect(await answer(a, id, "blue", "k")).toMatchObject({ deduplicated: true });
  await expect(answer(a, id, "red")).rejects.toMatchObject({ code: "question_answered" });
});

test("[link.question] an answer waits for the link, and survives the end of either daemon", async () => {
  const { daemons, a, b, echo, id } = await asked();
  b.leave();
  await settle();
  await answer(a, id, "blue");
  const again = await a.kill();
  await expect(answer(again, id, "red")).rejects.toMatchObject({ code: "question_answered" });
  const far = await b.kill();
  await daemons.pass(61_000);
  const { world } = far;
  const request = { name: "echo", lease_token: echo.token, max: 1, wait_ms: 0 };
  const { answers } = await world.call("sessions.drain", request);
  expect(answers).toMatchObject([{ request_id: question, body: "blue" }]);
  expect((await story(again, id)).at(-1)).toBe("delivered answer");
});

test("[link.question] an answer that comes after the end over there is refused there and ends nothing here", async () => {
  const { daemons, a, b, echo, id, far } = await asked();
  b.leave();
  await settle();
  await echo.settle(far);
  await answer(a, id, "blue");
  await b.kill();
  await daemons.pass(61_000);
  expect(await story(a, id)).not.toContain("delivered answer");
  expect((await story(a, id)).at(-1)).toBe("interaction_complete");
  await expect(answer(a, id, "red")).rejects.toMatchObject({ code: "interaction_ended" });
});
