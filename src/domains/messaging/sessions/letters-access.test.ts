import { expect, test } from "vitest";
import { principalNamed, World } from "../../../../test/support/world.js";

test("[sessions.letters-access] what a session holds back and what died in it is its owner's to see and decide", async () => {
  const world = await World.start();
  await world.host("bob", { principal: principalNamed("bob-owner") });
  const name = "bob";
  const interaction_id = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";
  const calls = [
    ["sessions.list_held", { name, limit: 1 }],
    ["sessions.release_held", { name, interaction_id, decision: "deliver" }],
    ["sessions.list_dead_letters", { name, limit: 1 }],
    ["sessions.retry_dead_letter", { name, interaction_id }],
    ["sessions.drop_dead_letter", { name, interaction_id }],
  ] as const;
  for (const [id, request] of calls) {
    const stranger = world.call(id, request as never, { principal: principalNamed("eve") });
    await expect(stranger).rejects.toMatchObject({ code: "permission_denied" });
    const owner = world.call(id, request as never, { principal: principalNamed("bob-owner") });
    const answer = await owner.catch(({ code }: { code: string }) => code);
    expect(answer).not.toBe("permission_denied");
    const named = world.call(id, request as never, { principal: principalNamed("eve", ["bob"]) });
    expect(await named.catch(({ code }: { code: string }) => code)).toEqual(answer);
  }
  await world.stop();
});
