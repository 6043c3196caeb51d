import { expect, test } from "vitest";
import { atEveryWrite, faultKinds, runWithFault } from "../../../../test/support/crash-run.js";
import type { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { type Fault, settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { World } from "../../../../test/support/world.js";
import type { SendReceipt } from "../../../generated/types.js";
import type { Backend } from "../../../kernel/backend.js";

const token = "token-of-bob-the-host";
const questions = [1, 2, 3].map((n) => `0199f3a0-4c52-7c01-b200-00000000000${n}`);

/** What was acknowledged before the end. */
interface Acknowledged {
  interaction: string;
  /** Bodies by question. */
  answers: Map<string, string>;
}

const open = (world: World) =>
  world.call("sessions.open", { name: "bob", ttl_ms: 86_400_000, lease_token: token });

const drain = (world: World, max: number) =>
  world.call("sessions.drain", { name: "bob", lease_token: token, max, wait_ms: 0, answers_received: [] });

function answer(world: World, interaction: string, question: string, body: string): Promise<SendReceipt> {
  const in_reply_to = { interaction_id: interaction, request_id: question };
  const options = { in_reply_to, idempotency_key: `${question} ${body}` };
  return world.call("comms.send", { kind: "peer_message", to: "bob", body, options }, { session: "eve" });
}

/** Bob asks three times; each question is answered twice at once. */
async function work(world: World, done: Acknowledged): Promise<void> {
  await open(world);
  const receipt = await world.call(
    "comms.send",
    { kind: "peer_request", to: "bob", intent: "ask", params: null, stream: "none" },
    { session: "eve" },
  );
  if (receipt.kind !== "peer_request_sent") throw new Error(receipt.kind);
  const { claim } = await drain(world, 1);
  done.interaction = receipt.interaction_id;
  for (const request_id of questions) {
    await world.call("sessions.emit", {
      name: "bob",
      claim_token: claim!.token,
      interaction_id: receipt.interaction_id,
      events: [{ kind: "interaction_input_required", request_id, prompt: "red or blue?" }],
    });
    const bodies = ["red", "blue"];
    const tries = bodies.map((body) => answer(world, receipt.interaction_id, request_id, body));
    for (const [at, one] of (await Promise.allSettled(tries)).entries())
      if (one.status === "fulfilled") {
        expect(done.answers.has(request_id)).toBe(false);
        done.answers.set(request_id, bodies[at]!);
      }
  }
}

/** What must hold on a store after any crash, once a daemon has started on it again. */
async function check(backend: Backend, clock: SimulatedClock, done: Acknowledged): Promise<void> {
  const world = await World.start({ backend, clock, seed: "after", limits: uncapped });
  await settle();
  if (done.interaction === "") return world.stop();
  const { interaction: id } = done;
  for (const [question, body] of done.answers) {
    expect(await answer(world, id, question, body)).toMatchObject({ deduplicated: true, interaction_id: id });
    await expect(answer(world, id, question, "green")).rejects.toMatchObject({ code: "question_answered" });
  }
  await open(world);
  clock.advance(61_000);
  const { answers = [] } = await drain(world, 1);
  for (const [question, body] of done.answers)
    expect(answers.filter(({ request_id }) => request_id === question)).toMatchObject([{ body }]);
  expect(new Set(answers.map(({ request_id }) => request_id)).size).toBe(answers.length);
  const events = await world.read({ kind: "interaction", interaction_id: id });
  const delivered = events.flatMap(({ event }) =>
    event.kind === "delivery_updated" && event.request_id !== undefined ? [event.request_id] : [],
  );
  expect(delivered).toEqual(answers.map(({ request_id }) => request_id));
  await world.stop();
}

async function run(fault?: Fault): Promise<number> {
  const done: Acknowledged = { interaction: "", answers: new Map() };
  const writes = await runWithFault(
    {
      limits: uncapped,
      work: (world) => work(world, done),
      check: (store, clock) => check(store, clock, done),
    },
    fault,
  );
  if (fault === undefined) expect(done.answers.size).toBe(3);
  return writes;
}

test.each(faultKinds)(
  "[comms.question-durable] %s at any write: an acknowledged answer is the question's only one, reaches the next host and is in the log once",
  async (kind) => {
    expect(await atEveryWrite(kind, run)).toBeGreaterThan(10);
  },
);
