import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  AuthFailure,
  ContractMismatchError,
  createClient,
  type ErrorCode,
  errorClasses,
  errorSpecs,
  NotFoundFailure,
  Parley,
  ParleyError,
  PeerNotFoundError,
} from "../src/index.js";
import { isCompatible } from "../src/runtime/contract.js";
import { errorFrom } from "../src/runtime/errors.js";
import { FakeDaemon, Fault } from "./_fake-daemon.js";

const codes = Object.keys(errorClasses) as ErrorCode[];
const detail = { field: "to", issue: "pattern", expected: "a name", got: "A B" };

describe("[sdk.errors] failures", () => {
  test.each(codes)("%s has a class below its category's and the base class", (code) => {
    const error = errorFrom({ code, message: "m", details: [detail], retry_after_ms: 5, request_id: "r1" });
    expect(error).toBeInstanceOf(errorClasses[code]);
    expect(error).toBeInstanceOf(ParleyError);
    expect(Object.getPrototypeOf(errorClasses[code]).name.toLowerCase()).toBe(
      `${errorSpecs[code].category.replaceAll("_", "")}failure`,
    );
    expect(error).toMatchObject({ code, details: [detail], retryAfterMs: 5, requestId: "r1" });
    expect(error.name).toBe(error.constructor.name);
  });

  test("of a newer daemon come as the base class", () => {
    const error = errorFrom({ code: "brand_new", message: "m", retryable: true });
    expect(error.constructor).toBe(ParleyError);
    expect(error.toJSON()).toMatchObject({ code: "brand_new", retryable: true });
  });

  test.each([
    ["http", (client: Parley) => client.system.status(), "system/status"],
    ["rpc", (client: Parley) => client.peers(), "comms/peers"],
    ["http post", (client: Parley) => client.peers({ headers: { "x-a": "1" } }), "comms/peers"],
  ])("keep their payload over %s", async (_, call, method) => {
    const daemon = await FakeDaemon.start();
    daemon.on(method, () => new Fault("peer_not_found", { details: [detail], request_id: "r9" }, 404));
    await using client = createClient({ baseUrl: daemon.address, token: "t" });
    const error = await call(client).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PeerNotFoundError);
    expect(error).toBeInstanceOf(NotFoundFailure);
    expect(error).not.toBeInstanceOf(AuthFailure);
    expect(error).toMatchObject({ details: [detail], requestId: "r9", message: "fake peer_not_found" });
  });

  test("[trust.advice] name the address at which no daemon listens, and what to type there", async () => {
    const daemon = await FakeDaemon.start();
    await daemon.stop();
    await using client = createClient({ baseUrl: daemon.address, retries: 0 });
    for (const call of [client.system.status(), client.peers()])
      await expect(call).rejects.toMatchObject({
        code: "daemon_unreachable",
        message: `No daemon answers at ${daemon.address}. Start it on that machine with \`parley up --detach\`, or correct the address.`,
      });
  });

  test.each([
    [404, "<html>", 'answered HTTP 404 with "<html>", which no Parley daemon sends', false],
    [400, "", "answered HTTP 400 with an empty body, which no Parley daemon sends", false],
    [502, "", "answered HTTP 502: the daemon is away", true],
    [307, "", "answered with a redirect (HTTP 307). Redirects are not followed", false],
  ])("[trust.advice] name a server that is no daemon: HTTP %d %s", async (status, body, says, retryable) => {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    await using client = createClient({ baseUrl: `http://web.localhost:${port}`, retries: 0 });
    for (const call of [client.system.status(), client.peers({ headers: { "x-a": "1" } })])
      await expect(call).rejects.toMatchObject({
        code: "daemon_unreachable",
        retryable,
        message: expect.stringContaining(says),
      });
  });
});

describe("[sdk.handshake] contract versions", () => {
  test.each([
    ["0.3.0", "0.3.9", true],
    ["0.3.0", "0.4.0", false],
    ["0.3.0", "1.3.0", false],
    ["1.2.0", "1.9.0", true],
    ["1.2.0", "2.2.0", false],
  ])("%s and %s", (one, other, fits) => {
    expect(isCompatible(one, other)).toBe(fits);
    expect(isCompatible(other, one)).toBe(fits);
  });

  test.each([
    ["http", (client: Parley) => client.system.status()],
    ["rpc", (client: Parley) => client.peers()],
  ])("that do not fit fail over %s with both named", async (_, call) => {
    const daemon = await FakeDaemon.start();
    daemon.contract = "0.4.0";
    daemon.on("system/status", () => ({}));
    await using client = new Parley({ baseUrl: daemon.address, token: "t" });
    const error = await call(client).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ContractMismatchError);
    expect((error as Error).message).toMatch(/0\.3\.0.*0\.4\.0.*upgrade this SDK/);
  });

  test("are sent with every call", async () => {
    const daemon = await FakeDaemon.start();
    daemon.on("system/status", () => ({}));
    await using client = new Parley({ baseUrl: daemon.address, token: "t", session: "me" });
    await client.system.status();
    daemon.on("comms/peers", () => ({ peers: [], generation: 1 }));
    await client.peers();
    expect(daemon.seen("system/status")[0]?.headers).toMatchObject({
      "parley-contract": "0.3.0",
      "parley-digest": expect.stringMatching(/^[0-9a-f]{16}$/),
      "parley-session": "me",
      authorization: "Bearer t",
    });
    expect(daemon.seen("initialize")[0]).toMatchObject({
      params: { contract: "0.3.0", session: "me" },
      headers: { authorization: "Bearer t" },
    });
  });
});
