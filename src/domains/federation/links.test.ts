import { describe, expect, test } from "vitest";
import { settle } from "../../../test/support/simulation.js";
import { openMemory } from "../../storage/memory/open-memory.js";
import { Daemons, type TestEndpoint } from "./_daemons.js";

async function paired(
  options: ConstructorParameters<typeof Daemons>[0] = {},
): Promise<{ daemons: Daemons; a: TestEndpoint; b: TestEndpoint }> {
  const daemons = new Daemons(options);
  const a = await daemons.start("alpha");
  const b = await daemons.start("beta");
  await daemons.pair(a, b);
  return { daemons, a, b };
}

describe("[endpoints.link] the link of a pair", () => {
  test("carries frames both ways, in order", async () => {
    const { a, b } = await paired();
    for (const id of [1, 2, 3])
      a.plane.links.send(a.peer, {
        kind: "result_ack",
        result_id: `00000000-0000-7000-8000-00000000000${id}`,
      });
    b.plane.links.send(b.peer, { kind: "result_ack", result_id: "00000000-0000-7000-8000-000000000009" });
    await settle();
    expect(b.frames.map((frame) => "result_id" in frame && frame.result_id.at(-1))).toEqual(["1", "2", "3"]);
    expect(a.frames).toHaveLength(1);
  });

  test("after the handshake nothing on the wire can be read", async () => {
    const seen: (string | Buffer)[] = [];
    const { a } = await paired({
      fate: (_from, _to, data) => {
        seen.push(data);
        return "pass";
      },
    });
    const before = seen.length;
    a.plane.links.send(a.peer, {
      kind: "ack",
      envelope_id: "00000000-0000-7000-8000-000000000001",
      state: "refused",
      message: "a word in confidence",
    });
    expect(seen.slice(before).every((data) => typeof data !== "string" && !data.includes("confidence"))).toBe(
      true,
    );
    expect(seen).toHaveLength(before + 1);
  });

  test("a frame that somebody changed, repeated or made up ends it; the next link comes by itself", async () => {
    let tamper: "change" | "make-up" | undefined;
    const { daemons, a, b } = await paired({
      fate: (_from, _to, data) => {
        if (tamper === "change" && typeof data !== "string") data[0]! ^= 1;
        tamper = undefined;
        return "pass";
      },
    });
    tamper = "change";
    a.plane.links.send(a.peer, { kind: "result_ack", result_id: "00000000-0000-7000-8000-000000000001" });
    await settle();
    expect(b.frames).toEqual([]);
    expect(b.happened).toEqual(["up", "down"]);
    await daemons.pass(30_000);
    expect(b.happened.slice(0, 3)).toEqual(["up", "down", "up"]);
    expect(await b.state()).toEqual(["alpha connected"]);
  });

  test("what is too large for a frame is not sent", async () => {
    const { a } = await paired();
    const envelope = "x".repeat(1024 * 1024);
    expect(a.plane.links.send(a.peer, { kind: "envelope", envelope })).toBe(false);
    expect(a.happened).toEqual(["up"]);
  });

  test("survives restarts of either side", async () => {
    const { daemons, a, b } = await paired();
    const again = await a.restart();
    await settle();
    await daemons.pass(30_000);
    expect(await again.state()).toEqual(["beta connected"]);
    expect(await b.state()).toEqual(["alpha connected"]);
  });
});

describe("[endpoints.link-once] both sides dial at once", () => {
  test("and keep the same one link", async () => {
    const { daemons, a, b } = await paired();
    daemons.net.cut();
    // Both know an address of the other, so both try again at the same time.
    await settle();
    expect([await a.state(), await b.state()]).toEqual([["beta disconnected"], ["alpha disconnected"]]);
    daemons.clock.advance(1_000);
    await settle(60);
    expect([await a.state(), await b.state()]).toEqual([["beta connected"], ["alpha connected"]]);
    expect(daemons.net.connections).toBe(1);
    a.plane.links.send(a.peer, { kind: "result_ack", result_id: "00000000-0000-7000-8000-000000000001" });
    b.plane.links.send(b.peer, { kind: "result_ack", result_id: "00000000-0000-7000-8000-000000000002" });
    await settle();
    expect([a.frames.length, b.frames.length]).toEqual([1, 1]);
  });
});

describe("[endpoints.link-backoff] a daemon that is away", () => {
  test("is dialled less and less often, at last every 30 seconds at most, and at once no more than needed", async () => {
    const { daemons, a, b } = await paired();
    daemons.net.leave(a.url);
    a.plane.close();
    await settle();
    const dials: number[] = [];
    let known = daemons.net.dialled;
    for (let second = 0; second < 240; second += 0.25) {
      daemons.clock.advance(250);
      await settle(2);
      if (daemons.net.dialled > known) dials.push(second);
      known = daemons.net.dialled;
    }
    const gaps = dials.slice(1).map((at, index) => at - dials[index]!);
    expect(dials[0]).toBeLessThanOrEqual(1);
    expect(gaps.every((gap, index) => index === 0 || gap >= gaps[index - 1]!)).toBe(true);
    expect(gaps.at(-1)).toBeLessThanOrEqual(30);
    expect(gaps.length).toBeGreaterThan(5);
    expect(await b.state()).toEqual(["alpha disconnected"]);
  });
});

describe("[endpoints.link-dead] a connection that is dead without a word", () => {
  test("is given up after two pings without an answer", async () => {
    let silent = false;
    const { daemons, a } = await paired({ fate: () => (silent ? "lose" : "pass") });
    silent = true;
    daemons.clock.advance(44_000);
    await settle();
    expect(a.happened).toEqual(["up"]);
    daemons.clock.advance(2_000);
    await settle();
    expect(a.happened).toEqual(["up", "down"]);
  });

  test("an idle one stays", async () => {
    const { daemons, a, b } = await paired();
    for (let minute = 0; minute < 40; minute += 1) {
      daemons.clock.advance(15_000);
      await settle();
    }
    expect([a.happened, b.happened]).toEqual([["up"], ["up"]]);
  });
});

describe("[endpoints.link-strangers] who is not who it says", () => {
  test("a daemon on a paired one's address without its keys is not linked to", async () => {
    const { daemons, a, b } = await paired();
    daemons.net.leave(a.url);
    a.plane.close();
    await settle();
    const impostor = await daemons.start("alpha", openMemory({ clock: daemons.clock }), 99);
    await daemons.pass(30_000);
    expect(await b.state()).toEqual(["alpha auth_failed"]);
    expect(impostor.happened).toEqual([]);
  });

  test("a daemon that lost its keys but kept its id is not let in", async () => {
    const { daemons, a, b } = await paired();
    daemons.net.leave(a.url);
    a.plane.close();
    const stored = await a.backend.get("daemon_keys", "own");
    const record = JSON.parse(stored!.value) as { keys: { seed: string }[] };
    record.keys[0]!.seed = Buffer.alloc(32, 7).toString("base64url");
    await a.backend.cas("daemon_keys", "own", { expectRev: stored!.rev, value: JSON.stringify(record) });
    const thief = await daemons.start("alpha", a.backend, 99);
    await daemons.pass(30_000);
    expect(thief.happened).toEqual([]);
    expect(await b.state()).toEqual(["alpha auth_failed"]);
  });

  test.each<[what: string, first: string | Buffer]>([
    ["no JSON", "hello?"],
    ["bytes", Buffer.from([1, 2, 3])],
    ["another kind first", JSON.stringify({ kind: "ping" })],
    ["a frame that is none", JSON.stringify({ kind: "hello" })],
    ["a list", "[]"],
    ["null", "null"],
  ])("%s is refused and cut", async (_what, first) => {
    const { daemons, a } = await paired();
    const wire = await daemons.net.dial("http://stranger.test:1", a.url);
    const heard: string[] = [];
    let closed = false;
    wire.listen({
      message: (data) => heard.push(data.toString()),
      closed: () => {
        closed = true;
      },
    });
    wire.send(first);
    await settle();
    expect(closed).toBe(true);
    expect(JSON.parse(heard.at(-1)!)).toMatchObject({ kind: "refused" });
    expect(await a.state()).toEqual(["beta connected"]);
  });

  test("[endpoints.link-version] a daemon of another contract is named, on both sides, whatever its frames look like", async () => {
    const { daemons, a } = await paired();
    const wire = await daemons.net.dial("http://later.test:1", a.url);
    const heard: string[] = [];
    wire.listen({ message: (data) => heard.push(data.toString()), closed() {} });
    wire.send(JSON.stringify({ kind: "hello", contract: "0.4.0", everything: "else is new" }));
    await settle();
    expect(JSON.parse(heard[0]!)).toMatchObject({
      kind: "refused",
      code: "contract_mismatch",
      message: expect.stringContaining("0.4.0"),
    });
  });

  test("whoever says nothing is cut after 10 seconds, and few may wait", async () => {
    const { daemons, a } = await paired();
    const closed: boolean[] = [];
    for (let count = 0; count < 40; count += 1) {
      const wire = await daemons.net.dial("http://silent.test:1", a.url);
      wire.listen({ message() {}, closed: () => closed.push(true) });
    }
    await settle();
    expect(closed).toHaveLength(8);
    daemons.clock.advance(10_000);
    await settle(60);
    expect(closed).toHaveLength(40);
  });
});

describe("[endpoints.keys] rotation", () => {
  test("the other side learns the new key from the old one, at once or when it is back", async () => {
    const { daemons, a, b } = await paired();
    const before = (await a.call("list", {})).key_id;
    const { key_id: next, waiting } = await a.call("rotate_keys", { force: false });
    expect(next).not.toBe(before);
    expect(waiting).toEqual(["beta"]);
    await settle();
    expect((await b.call("list", {})).endpoints[0]!.key_id).toBe(next);
    expect((await a.call("list", {})).endpoints[0]!.knows_key).toBe(true);

    daemons.net.leave(b.url);
    b.plane.close();
    await settle();
    const { key_id: last } = await a.call("rotate_keys", { force: false });
    expect((await a.call("list", {})).endpoints[0]!.knows_key).toBe(false);
    await expect(a.call("rotate_keys", { force: false })).rejects.toMatchObject({ code: "keys_not_learned" });
    const back = await daemons.start("beta", b.backend, 2);
    await daemons.pass(30_000);
    expect(await back.state()).toEqual(["alpha connected"]);
    expect((await back.call("list", {})).endpoints[0]!.key_id).toBe(last);
  });

  test("the old key stops proving anything a day later; the link goes on", async () => {
    const { daemons, a, b } = await paired();
    await a.call("rotate_keys", { force: false });
    await settle();
    const head = {
      envelope_id: "00000000-0000-7000-8000-000000000001",
      from: "x",
      from_id: "00000000-0000-7000-8000-000000000002",
      to: "y",
      kind: "peer_message" as const,
      interaction_id: "00000000-0000-7000-8000-000000000003",
      created_at: new Date(daemons.clock.now()).toISOString(),
      expires_at: new Date(daemons.clock.now() + 48 * 3_600_000).toISOString(),
    };
    const sealed = a.plane.links.seal(a.peer, head, "{}")!;
    expect(JSON.parse(sealed).key_id).toBe((await a.call("list", {})).key_id);
    await expect(b.plane.links.open(b.peer, sealed)).resolves.toMatchObject({ fresh: true });
  });

  test("forced twice, a daemon that missed both has to pair again", async () => {
    const { daemons, a, b } = await paired();
    daemons.net.leave(b.url);
    b.plane.close();
    await settle();
    await a.call("rotate_keys", { force: false });
    await a.call("rotate_keys", { force: true });
    const back = await daemons.start("beta", b.backend, 2);
    await daemons.pass(30_000);
    expect(await back.state()).toEqual(["alpha auth_failed"]);
    await daemons.pair(a, back);
    expect(await back.state()).toEqual(["alpha connected"]);
  });
});

describe("[link.envelope-replay] [field.freshness] an envelope sent twice", () => {
  test("is taken once, also after a restart and after the numbers began anew", async () => {
    const { daemons, a, b } = await paired();
    const head = {
      envelope_id: "00000000-0000-7000-8000-000000000001",
      from: "x",
      from_id: "00000000-0000-7000-8000-000000000002",
      to: "y",
      kind: "peer_message" as const,
      interaction_id: "00000000-0000-7000-8000-000000000003",
      created_at: new Date(daemons.clock.now()).toISOString(),
      expires_at: new Date(daemons.clock.now() + 3_600_000).toISOString(),
    };
    const first = a.plane.links.seal(a.peer, head, "{}")!;
    const second = a.plane.links.seal(a.peer, head, "{}")!;
    await b.plane.links.open(b.peer, second);
    for (const old of [first, second])
      await expect(b.plane.links.open(b.peer, old)).rejects.toMatchObject({ code: "invalid_request" });
    const again = await b.restart();
    await daemons.pass(30_000);
    expect(await again.state()).toEqual(["alpha connected"]);
    for (const old of [first, second])
      await expect(again.plane.links.open(again.peer, old)).rejects.toMatchObject({
        code: "invalid_request",
      });
    const third = a.plane.links.seal(a.peer, head, "{}")!;
    await expect(again.plane.links.open(again.peer, third)).resolves.toMatchObject({ fresh: true });
  });
});
