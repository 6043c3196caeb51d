import * as fc from "fast-check";
import { expect, test } from "vitest";
import { settle } from "../../../../test/support/simulation.js";
import { uncapped } from "../../../../test/support/uncapped.js";
import { World } from "../../../../test/support/world.js";

const answersListed = 3;
const claimTtlMs = 60_000;

/** What waits in eve's inbox: a message, or the copy of an answer. */
interface Waiting {
  readonly text: string;
  readonly isCopy: boolean;
  readonly at: number;
  id: string;
  /** Its claim that the log has. */
  claim: { token: string; until: number } | undefined;
  omitted: boolean;
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ do: "answer" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "message" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("drain" as const), max: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("settle" as const), retry: fc.boolean(), at: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1_000, 61_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
);

test("[comms.answer-copies] whatever hosts do and wherever the daemon restarts, the newest copies are listed and the others counted", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40, size: "max" }), async (steps) => {
      const limits = { ...uncapped, answersListed, idleMailboxBytes: 0 };
      let world = await World.start({ limits });
      const bobs = await world.host("bob");
      const eves = await world.host("eve");
      let waiting: Waiting[] = [];
      const omitted: number[] = [];
      const now = () => world.clock.monotonic();
      const isLive = ({ claim }: Waiting) => claim !== undefined && claim.until > now();
      /** Copies that left the list and that no host has are over. */
      const sweep = (): void => {
        for (const copy of waiting) if (copy.omitted && !isLive(copy)) omitted.push(copy.at);
        waiting = waiting.filter((copy) => !copy.omitted || isLive(copy));
      };
      const add = (text: string, isCopy: boolean): void => {
        waiting.push({ text, isCopy, at: world.clock.now(), id: "", claim: undefined, omitted: false });
        const listed = waiting.filter((one) => one.isCopy && !one.omitted);
        if (listed.length > answersListed) listed[0]!.omitted = true;
      };
      for (const [at, one] of steps.entries()) {
        const eve = eves.on(world);
        if (one.do === "answer") {
          const bob = bobs.on(world);
          const asked = await world.call(
            "comms.send",
            { kind: "peer_request", to: "bob", intent: "ask", params: at, stream: "none" },
            { session: "eve" },
          );
          if (asked.kind !== "peer_request_sent") throw new Error(asked.kind);
          await bob.drain();
          await bob.respond("eve", asked.interaction_id, `${at}`);
          await bob.settle(asked.interaction_id);
          add(`${at}`, true);
        } else if (one.do === "message") {
          await world.call(
            "comms.send",
            { kind: "peer_message", to: "eve", body: `${at}` },
            { session: "bob" },
          );
          add(`${at}`, false);
        } else if (one.do === "drain") {
          const drained = await eve.drain(one.max);
          const free = waiting.filter((item) => !item.omitted && !isLive(item)).slice(0, one.max);
          expect(drained.map(textOf), `drain ${at}`).toEqual(free.map(({ text }) => text));
          for (const [n, item] of free.entries()) {
            item.id = drained[n]!.interaction_id;
            item.claim = { token: eve.claim, until: now() + claimTtlMs };
          }
        } else if (one.do === "settle") {
          const item = waiting.filter(isLive)[one.at];
          if (item === undefined) continue;
          eve.claim = item.claim!.token;
          await eve.settle(item.id, one.retry ? { kind: "retry_after", delay_ms: 0 } : { kind: "done" });
          item.claim = undefined;
          if (!one.retry) waiting.splice(waiting.indexOf(item), 1);
        } else if (one.do === "wait") world.clock.advance(one.ms);
        else {
          world = await world.restart(`${at}`, limits);
          for (const { claim } of waiting) if (claim !== undefined) claim.until = now() + claimTtlMs;
        }
        world.clock.advance(1);
        await settle(4);
        sweep();
        const page = await world.comms.inboxView.read("eve", 0, world.context());
        const shown = waiting.filter((item) => !item.omitted);
        expect(page.interactions.map(textOf), `step ${at}`).toEqual(shown.map(({ text }) => text));
        expect(page.omitted, `step ${at}`).toEqual(
          omitted.length === 0
            ? undefined
            : { count: omitted.length, oldest_at: new Date(Math.min(...omitted)).toISOString() },
        );
      }
      const { dead_letters } = await world.call("sessions.list_dead_letters", { name: "eve", limit: 50 });
      expect(dead_letters).toEqual([]);
      await world.stop();
    }),
    { numRuns: 150 },
  );
});

function textOf(item: object): unknown {
  return "result" in item ? item.result : "body" in item ? item.body : undefined;
}
