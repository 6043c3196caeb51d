import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient, DeadlineExceededError, RequestCancelledError } from "../src/index.js";
import { FakeDaemon } from "./_fake-daemon.js";

const never = (): Promise<never> => new Promise(() => {});

describe("[sdk.calls] calls", () => {
  test("of comms go over one WebSocket per session, of other planes over HTTP", async () => {
    const daemon = await FakeDaemon.start();
    answerAll(daemon);
    await using client = createClient({ baseUrl: daemon.address, token: "t" });
    await Promise.all([client.peers(), client.peers(), client.sessions.list(), client.system.status()]);
    await client.peers({ session: "other" });
    expect(daemon.seen("initialize").map(({ params }) => params.session)).toEqual([undefined, "other"]);
    expect(daemon.calls.filter(({ wire }) => wire === "rest").map(({ method }) => method)).toEqual([
      "system/status",
    ]);
  });

  test("go over POST /rpc on a unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "parley-sdk-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const socketPath = join(folder, "daemon.sock");
    const daemon = await FakeDaemon.start(socketPath);
    answerAll(daemon);
    await using client = createClient({ socketPath, session: "me" });
    await client.peers();
    await client.system.status();
    expect(daemon.calls.map(({ method, wire }) => [method, wire])).toEqual([
      ["comms/peers", "post"],
      ["system/status", "rest"],
    ]);
    expect(daemon.calls[0]?.headers["parley-session"]).toBe("me");
  });

  test("lay a request out as path, query and body", async () => {
    const daemon = await FakeDaemon.start();
    daemon.on("system/rotate_token", () => ({}));
    daemon.on("system/revoke_token", () => ({ revoked: true }));
    await using client = createClient({ baseUrl: daemon.address, token: "t" });
    await client.system.rotateToken({ token_id: "abc", overlap_ms: 5 });
    await client.system.revokeToken({ token_id: "abc" });
    expect(daemon.calls.map(({ params }) => params)).toEqual([
      { token_id: "abc", overlap_ms: 5 },
      { token_id: "abc" },
    ]);
  });

  test("give the raw response", async () => {
    const daemon = await FakeDaemon.start();
    answerAll(daemon);
    await using client = createClient({ baseUrl: daemon.address, token: "t" });
    const http = await client.system.status().withResponse();
    expect(http.response).toMatchObject({ wire: "http", status: 200, headers: { "parley-request-id": "r" } });
    expect(JSON.parse(http.response.body)).toEqual(http.value);
    const rpc = await client.peers().withResponse();
    expect(rpc.response).toMatchObject({ wire: "rpc", status: 200 });
    expect(rpc.value).toEqual({ peers: [], generation: 1 });
  });

  test.each([
    ["http", "system/status"],
    ["rpc", "comms/peers"],
  ])("end by their time limit and by their signal over %s", async (wire, method) => {
    const daemon = await FakeDaemon.start();
    answerAll(daemon);
    await using client = createClient({ baseUrl: daemon.address, token: "t" });
    const call = (options: object): PromiseLike<unknown> =>
      wire === "http" ? client.system.status(options) : client.peers(options);
    // Connecting may take longer than the limit, and then that call would never reach the daemon.
    await call({});
    daemon.on(method, never);
    await expect(call({ timeout: 30 })).rejects.toBeInstanceOf(DeadlineExceededError);
    const abort = new AbortController();
    const cancelled = call({ signal: abort.signal });
    await expect.poll(() => daemon.seen(method).length).toBe(3);
    abort.abort(new Error("enough"));
    await expect(cancelled).rejects.toMatchObject({
      code: "request_cancelled",
      cause: { message: "enough" },
    });
    await expect(call({ signal: AbortSignal.abort() })).rejects.toBeInstanceOf(RequestCancelledError);
    expect(daemon.seen(method)).toHaveLength(3);
    if (wire === "rpc") await expect.poll(() => daemon.seen("$/cancelRequest").length).toBe(2);
  });

  test("unchecked go out as they are", async () => {
    const daemon = await FakeDaemon.start();
    daemon.on("system/version", (params) => params);
    await using client = createClient({ baseUrl: daemon.address, token: "t" });
    expect(await client.call("system.version", { odd: [1] })).toEqual({ odd: [1] });
    expect(() => client.call("comms.stream", {})).toThrow("read it with `stream`");
  });

  test("reach names below localhost without a resolver", async () => {
    const daemon = await FakeDaemon.start();
    answerAll(daemon);
    const baseUrl = daemon.address.replace("127.0.0.1", "deep.web.localhost");
    await using client = createClient({ baseUrl, token: "t" });
    await client.system.status();
    await client.peers();
    expect(daemon.calls.map(({ headers }) => headers.host?.split(":")[0])).toEqual(
      Array(3).fill("deep.web.localhost"),
    );
  });

  test("share one connection over HTTP", async () => {
    const daemon = await FakeDaemon.start();
    answerAll(daemon);
    await using client = createClient({ baseUrl: daemon.address, token: "t" });
    for (let index = 0; index < 5; index++) await client.system.status();
    expect(daemon.sockets.size).toBe(1);
    expect(daemon.calls[4]?.headers.connection).toBe("keep-alive");
  });

  test("do not keep a program running that has nothing else to do", async () => {
    const daemon = await FakeDaemon.start();
    answerAll(daemon);
    const sdk = new URL("../src/index.ts", import.meta.url).href;
    const loader = new URL("../../../scripts/ts.mjs", import.meta.url).href;
    const program = `
      import { createClient } from ${JSON.stringify(sdk)};
      const client = createClient({ baseUrl: ${JSON.stringify(daemon.address)}, token: "t" });
      await client.peers();
      await client.system.status();
    `;
    const child = spawn(process.execPath, ["--import", loader, "--input-type=module", "-e", program], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    onTestFinished(() => {
      child.kill();
    });
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(0);
    expect(daemon.calls.map(({ method }) => method)).toEqual(["initialize", "comms/peers", "system/status"]);
  });

  test("survive a restart of the daemon", async () => {
    const daemon = await FakeDaemon.start();
    answerAll(daemon);
    await using client = createClient({ baseUrl: daemon.address, token: "t" });
    await client.peers();
    await daemon.stop();
    await daemon.listen();
    await client.peers();
    await client.system.status();
    expect(daemon.seen("initialize")).toHaveLength(2);
  });
});

function answerAll(daemon: FakeDaemon): void {
  daemon.on("comms/peers", () => ({ peers: [], generation: 1 }));
  daemon.on("sessions/list", () => ({ sessions: [] }));
  daemon.on("system/status", () => ({ version: "0.3.0" }));
}
