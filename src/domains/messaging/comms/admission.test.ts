import * as fc from "fast-check";
import { expect, test } from "vitest";
import { World } from "../../../../test/support/world.js";

const cap = 3;
const senders = ["ann", "eve"] as const;
const claimTtlMs = 60_000;

/** What waits in bob's inbox, as everybody could count it. */
interface Waiting {
  id: string;
  from: string;
  claimedUntil: number;
}

test("[comms.unread-cap] whatever hosts and senders do, a sender is refused exactly when its share is unread", async () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant("send" as const), from: fc.constantFrom(...senders) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("drain" as const), max: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("settle" as const), retry: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1_000, 61_000) }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const limits = { unreadPerSender: cap };
      const world = await World.start({ limits });
      const bob = await world.host("bob");
      for (const name of senders) await world.host(name);
      const waiting: Waiting[] = [];
      const now = () => world.clock.monotonic();
      const isUnread = ({ claimedUntil }: Waiting) => claimedUntil <= now();
      for (const [at, one] of steps.entries()) {
        if (one.do === "send") {
          const unread = waiting.filter((item) => item.from === one.from && isUnread(item)).length;
          const command = { kind: "peer_message", to: "bob", body: `${at}` } as const;
          const sent = await world.call("comms.send", command, { session: one.from }).then(
            (receipt) => ("interaction_id" in receipt ? (receipt.interaction_id as string) : ""),
            (error: { code: string }) => error.code,
          );
          expect([at, sent === "admission_dropped"]).toEqual([at, unread >= cap]);
          if (sent !== "admission_dropped") waiting.push({ id: sent, from: one.from, claimedUntil: 0 });
        } else if (one.do === "drain") {
          for (const { interaction_id: id } of await bob.drain(one.max))
            waiting.find((item) => item.id === id)!.claimedUntil = now() + claimTtlMs;
        } else if (one.do === "settle") {
          const mine = waiting.findLast((item) => !isUnread(item));
          if (mine === undefined) continue;
          const outcome = one.retry
            ? ({ kind: "retry_after", delay_ms: 0 } as const)
            : ({ kind: "done" } as const);
          const settled = await bob.settle(mine.id, outcome).then(
            () => true,
            () => false,
          );
          if (!settled) continue;
          if (one.retry) mine.claimedUntil = 0;
          else waiting.splice(waiting.indexOf(mine), 1);
        } else world.clock.advance(one.ms);
      }
      await world.stop();
    }),
    { numRuns: 150 },
  );
});
