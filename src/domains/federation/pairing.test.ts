import { describe, expect, test } from "vitest";
import { settle } from "../../../test/support/simulation.js";
import { Daemons, type TestEndpoint } from "./_daemons.js";

async function two(): Promise<{ daemons: Daemons; a: TestEndpoint; b: TestEndpoint }> {
  const daemons = new Daemons();
  return { daemons, a: await daemons.start("alpha"), b: await daemons.start("beta") };
}

async function offer(endpoint: TestEndpoint): Promise<string> {
  const offered = await endpoint.call("pair", { kind: "offer" });
  if (offered.kind !== "offered") throw new Error("no code");
  return offered.code;
}

describe("[endpoints.pair] two daemons pair by a code", () => {
  test("each then lists the other and the link is up; only one side needs an address", async () => {
    const { daemons, a, b } = await two();
    const code = await offer(a);
    const paired = await b.call("pair", { kind: "accept", url: a.url, code, name: "office" });
    expect(paired).toMatchObject({ kind: "paired", endpoint: { name: "office", urls: [a.url] } });
    await settle();
    expect(await a.state()).toEqual(["beta connected"]);
    expect(await b.state()).toEqual(["office connected"]);
    expect(daemons.net.connections).toBe(1);
  });

  test("typed in small letters, without its hyphen, with O for 0", async () => {
    const { a, b } = await two();
    const code = (await offer(a)).toLowerCase().replace("-", "").replaceAll("0", "o");
    expect(await b.call("pair", { kind: "accept", url: a.url, code })).toMatchObject({ kind: "paired" });
  });

  test("pairing again takes the place of the first time; a name that is taken is refused or numbered", async () => {
    const { daemons, a, b } = await two();
    await daemons.pair(a, b);
    await daemons.pair(a, b);
    expect((await b.call("list", {})).endpoints).toHaveLength(1);
    const other = await daemons.start("alpha-too");
    const code = await offer(other);
    await expect(
      b.call("pair", { kind: "accept", url: other.url, code, name: "alpha" }),
    ).rejects.toMatchObject({ code: "endpoint_name_taken" });
  });

  test("a daemon does not pair with itself, nor with an address where nobody is", async () => {
    const { a, b } = await two();
    const code = await offer(a);
    const accept = (url: string) => ({ kind: "accept" as const, url, code });
    await expect(a.call("pair", accept(a.url))).rejects.toMatchObject({ code: "pairing_failed" });
    await expect(b.call("pair", accept("http://nobody.test:1"))).rejects.toMatchObject({
      code: "endpoint_unreachable",
    });
  });
});

describe("[endpoints.pair-code] a code", () => {
  test("works once", async () => {
    const { daemons, a, b } = await two();
    const code = await offer(a);
    await b.call("pair", { kind: "accept", url: a.url, code });
    const third = await daemons.start("gamma");
    await expect(third.call("pair", { kind: "accept", url: a.url, code })).rejects.toMatchObject({
      code: "pairing_failed",
    });
    expect((await third.call("list", {})).endpoints).toEqual([]);
  });

  test("ends after 5 minutes", async () => {
    const { daemons, a, b } = await two();
    const code = await offer(a);
    daemons.clock.advance(5 * 60_000);
    await expect(b.call("pair", { kind: "accept", url: a.url, code })).rejects.toMatchObject({
      code: "pairing_failed",
    });
  });

  test("ends after a few wrong tries", async () => {
    const { a, b } = await two();
    const code = await offer(a);
    for (let wrong = 0; wrong < 5; wrong += 1)
      await expect(b.call("pair", { kind: "accept", url: a.url, code: "AAAA-AAAA" })).rejects.toMatchObject({
        code: "pairing_failed",
      });
    await expect(b.call("pair", { kind: "accept", url: a.url, code })).rejects.toMatchObject({
      code: "pairing_failed",
    });
  });

  test("never crosses the wire, and neither does a private key", async () => {
    const seen: string[] = [];
    const daemons = new Daemons({
      fate: (_from, _to, data) => {
        seen.push(data.toString());
        return "pass";
      },
    });
    const a = await daemons.start("alpha");
    const b = await daemons.start("beta");
    const code = await offer(a);
    await b.call("pair", { kind: "accept", url: a.url, code });
    await settle();
    const stored = await Promise.all([a, b].map(({ backend }) => backend.get("daemon_keys", "own")));
    const seeds = stored.flatMap((found) =>
      (JSON.parse(found!.value) as { keys: { seed: string }[] }).keys.map(({ seed }) => seed),
    );
    expect(seeds).toHaveLength(2);
    expect(seen.length).toBeGreaterThan(6);
    const lists = JSON.stringify([await a.call("list", {}), await b.call("list", {})]);
    for (const secret of [...seeds, code, code.replace("-", "")])
      for (const text of [...seen, lists]) expect(text).not.toContain(secret);
  });
});

describe("[endpoints.remove] parting", () => {
  test("ends the pairing and the link on both sides, and what the other says later is refused", async () => {
    const { daemons, a, b } = await two();
    await daemons.pair(a, b);
    await a.call("remove", { endpoint: "beta" });
    await settle();
    expect(await a.state()).toEqual([]);
    expect(await b.state()).toEqual([]);
    expect([a.happened.at(-1), b.happened.at(-1)]).toEqual(["removed", "removed"]);
    await expect(a.call("remove", { endpoint: "beta" })).rejects.toMatchObject({
      code: "endpoint_not_found",
    });
  });

  test("while the other is away: it is refused when it comes back, and says so", async () => {
    const { daemons, a, b } = await two();
    await daemons.pair(a, b);
    daemons.net.leave(a.url);
    await settle();
    await a.call("remove", { endpoint: "beta" });
    daemons.net.listen(a.url, (wire) => a.plane.accept(wire));
    await daemons.pass(30_000);
    expect(await b.state()).toEqual(["alpha auth_failed"]);
  });
});
