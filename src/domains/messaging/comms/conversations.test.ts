import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ConversationLimits, Conversations, type Refusal } from "./conversations.js";

const limits: ConversationLimits = { sends: { burst: 1_000, perSecond: 200 }, turns: 10, repeats: 4 };

function talk(own: Partial<ConversationLimits> = {}) {
  const conversations = new Conversations({ ...limits, ...own });
  let now = 0;
  let asked = 0;
  const say = (from: string, to: string, text: string): Refusal["limit"] | undefined =>
    conversations.take(from, to, now, {
      kind: "peer_message",
      to,
      get body() {
        asked += 1;
        return text;
      },
    })?.limit;
  const wait = (ms: number): void => {
    now += ms;
  };
  return { conversations, say, wait, asked: () => asked };
}

describe("[comms.loops] [field.consent] two that only answer each other are slowed", () => {
  test("messages in turn are let through up to the limit, then one a second", () => {
    const { say, wait } = talk();
    const round = (n: number) => [say("a", "b", `a${n}`), say("b", "a", `b${n}`)];
    for (let n = 0; n < 5; n += 1) expect(round(n)).toEqual([undefined, undefined]);
    // The first message was nobody's answer.
    expect(round(5)).toEqual([undefined, "loop_turns"]);
    wait(1_000);
    expect(say("b", "a", "later")).toBeUndefined();
    expect(say("a", "b", "at once")).toBe("loop_turns");
  });

  test("two that say the same again and again are slowed sooner, to one a minute", () => {
    const { say, wait } = talk({ turns: 1_000 });
    const thanks = () => say("a", "b", "thanks");
    const welcome = () => say("b", "a", "welcome");
    for (let n = 0; n < 4; n += 1) expect([thanks(), welcome()]).toEqual([undefined, undefined]);
    expect(thanks()).toBe("loop_repeats");
    wait(59_000);
    expect(thanks()).toBe("loop_repeats");
    wait(1_000);
    expect(thanks()).toBeUndefined();
    expect(welcome()).toBe("loop_repeats");
    expect(say("b", "a", "something else")).toBeUndefined();
    expect(thanks()).toBeUndefined();
  });

  test("the same to somebody who says nothing, or something new each time, is no loop", () => {
    const { say, wait, asked } = talk({ turns: 1_000 });
    for (let n = 0; n < 50; n += 1) expect(say("a", "b", "tick")).toBeUndefined();
    expect(asked()).toBe(0);
    for (let n = 0; n < 50; n += 1) {
      expect(say("c", "d", "next?")).toBeUndefined();
      expect(say("d", "c", `task ${n}`)).toBeUndefined();
      wait(10);
    }
  });

  test("long texts are told apart by what is in the middle", () => {
    const { say } = talk({ turns: 1_000, repeats: 1 });
    const long = (n: number) => `${"x".repeat(2_000)}${n}${"y".repeat(2_000)}`;
    for (let n = 0; n < 10; n += 1)
      expect([say("a", "b", long(n)), say("b", "a", long(n))]).toEqual([undefined, undefined]);
    const same = Array.from({ length: 10 }, () => [say("a", "b", long(0)), say("b", "a", long(0))]).flat();
    expect(same).toContain("loop_repeats");
  });
});

test("[comms.sender-rate] each direction between two sessions has its own rate", () => {
  const { say, wait } = talk({ sends: { burst: 2, perSecond: 1 } });
  expect(["1", "2", "3"].map((text) => say("a", "b", text))).toEqual([
    undefined,
    undefined,
    "sends_per_second",
  ]);
  expect([say("a", "c", "x"), say("b", "a", "x")]).toEqual([undefined, undefined]);
  wait(1_000);
  expect(say("a", "b", "4")).toBeUndefined();
});

test("[comms.sender-rate] pairs that have been quiet are forgotten, and nobody can tell", () => {
  void fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(40_000)), { maxLength: 60 }),
      fc.integer({ min: 0, max: 59 }),
      (steps, crowdAt) => {
        const small = { sends: { burst: 3, perSecond: 1 }, turns: 4, repeats: 2 };
        const [kept, crowded] = [talk(small), talk(small)];
        for (const [at, [from, to, ms]] of steps.entries()) {
          // So many others that quiet pairs have to go.
          if (at === crowdAt) for (let n = 0; n < 3_000; n += 1) crowded.say(`x${n}`, `y${n}`, "x");
          kept.wait(ms);
          crowded.wait(ms);
          if (from !== to)
            expect(crowded.say(`${from}`, `${to}`, "x")).toBe(kept.say(`${from}`, `${to}`, "x"));
        }
      },
    ),
    { numRuns: 50 },
  );
  const { conversations, say, wait } = talk();
  for (let n = 0; n < 100_000; n += 1) {
    say(`x${n}`, `y${n}`, "x");
    wait(10);
  }
  expect(conversations.size).toBeLessThan(20_000);
});
