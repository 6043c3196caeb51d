import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, openBrowser } from "../support/browser.js";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe.skipIf(chromiumPath === "")("[sdk.browser] the TypeScript SDK in Chromium", () => {
  let daemon: TestDaemon;
  let echo: RunningCli;
  let browser: { context: BrowserContext; close(): Promise<void> };
  let page: Page;

  beforeAll(async () => {
    daemon = await startDaemon();
    echo = startParley(daemon.env, ["agent", "echo", "--name", "echo"]);
    await untilLive(daemon, "echo");
    const bundle = await build({
      stdin: {
        contents: 'import * as sdk from "./sdks/typescript/src/browser.js"; globalThis.sdk = sdk;',
        resolveDir: root,
      },
      bundle: true,
      format: "iife",
      platform: "browser",
      write: false,
    });
    // The page's own policy forbids foreign scripts, as it should; the test is one.
    browser = await openBrowser({ bypassCSP: true });
    page = await browser.context.newPage();
    await page.goto((await parley(daemon.env, ["console"])).stdout.trim());
    await page.locator("#app").waitFor();
    await page.addScriptTag({ content: bundle.outputFiles[0]!.text });
    await page.evaluate("globalThis.client = sdk.createClient({ baseUrl: location.origin })");
  });
  afterAll(async () => {
    await browser?.close();
    await echo?.stop();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("[sdk.browser-send] sends, streams and lists peers with cookie and page key", async () => {
    const seen = (await page.evaluate(`(async () => {
      const { peers } = await client.peers();
      const { receipt, stream } = await client.sendAndStream({ kind: "peer_request", to: "echo", intent: "ask", params: { body: "from a page" } });
      const events = [];
      for await (const event of stream) events.push(event);
      return { peers: peers.map((peer) => peer.name), receipt, events };
    })()`)) as {
      peers: string[];
      receipt: object;
      events: { sequence: number; event: { kind: string; result?: unknown } }[];
    };
    expect(seen.peers).toContain("echo");
    expect(seen.receipt).toMatchObject({ kind: "peer_request_sent", stream_reserved: true });
    expect(seen.events.map(({ sequence }) => sequence)).toEqual(seen.events.map((_, index) => index + 1));
    expect(seen.events.at(-1)!.event).toMatchObject({
      kind: "interaction_complete",
      result: { body: "from a page" },
    });
  });

  test("[trust.page-key] calls and server-sent events by fetch carry cookie, Origin and page key", async () => {
    const key = await page.evaluate("localStorage.getItem('parley.page-key')");
    const sent: Promise<Record<string, string>>[] = [];
    page.on("request", (request) => {
      if (!request.url().includes("/auth/")) sent.push(request.allHeaders());
    });
    const seen = (await page.evaluate(`(async () => {
      const { session } = await client.sessions.get({ name: "echo" }, { headers: {} });
      const scope = { kind: "session", session_id: session.session_id };
      const sequences = [];
      for await (const { sequence } of client.stream(scope, { afterSequence: 0, follow: false, headers: {} })) sequences.push(sequence);
      return { wanted: session.last_sequence, got: sequences.length };
    })()`)) as { wanted: number; got: number };
    expect(seen.wanted).toBeGreaterThan(0);
    expect(seen.got).toBe(seen.wanted);
    const [call, events] = await Promise.all(sent);
    expect(call).toMatchObject({ origin: daemon.address, "parley-page-key": key });
    // Browsers send no Origin with a GET to the page's own origin.
    expect(events).toMatchObject({ "sec-fetch-site": "same-origin", "parley-page-key": key });
    for (const { cookie } of [call!, events!]) expect(cookie).toContain("parley_session=");
  });

  test("[trust.page-proof] a page that is not signed in sends no body, and reports what to do", async () => {
    const bodies: (string | null)[] = [];
    page.on("request", (request) => bodies.push(request.postData()));
    const messages = (await page.evaluate(`(async () => {
      const key = localStorage.getItem("parley.page-key");
      const stranger = sdk.createClient({ baseUrl: location.origin, retries: 0 });
      const send = (options) => stranger.send({ kind: "peer_message", to: "echo", body: "private" }, options)
        .then(() => "sent", ({ code, message }) => code + ": " + message);
      localStorage.removeItem("parley.page-key");
      const without = [await send({ headers: {} }), await send({})];
      localStorage.setItem("parley.page-key", "x".repeat(43));
      const wrong = await send({ headers: {} });
      localStorage.setItem("parley.page-key", key);
      return [...without, wrong];
    })()`)) as string[];
    expect(messages.slice(0, 2)).toEqual(
      Array(2).fill(expect.stringMatching(/^unauthenticated: .*not signed in.*`parley console`/)),
    );
    expect(messages[2]).toMatch(/^daemon_unreachable: Another program/);
    expect(bodies.join()).not.toContain("private");
  });

  test("[sdk.browser-errors] a mistake is the typed error with its details", async () => {
    const error =
      await page.evaluate(`client.send({ kind: "peer_message", to: "nobody-here", body: "hi" }).then(
      () => null,
      (error) => ({ isParley: error instanceof sdk.ParleyError, name: error.name, code: error.code }),
    )`);
    expect(error).toEqual({ isParley: true, name: "PeerNotFoundError", code: "peer_not_found" });
  });

  test("[sdk.browser-resume] a session stream goes on after kill -9 of the daemon without gap or duplicate", async () => {
    await page.evaluate(`(async () => {
      const { session } = await client.sessions.get({ name: "echo" });
      globalThis.seen = [];
      const stream = client.stream({ kind: "session", session_id: session.session_id }, { afterSequence: 0 });
      (async () => { for await (const event of stream) seen.push(event.sequence); })();
    })()`);
    const ask = (text: string): Promise<unknown> => parley(daemon.env, ["send", "echo", text, "--stream"]);
    await ask("before");
    await daemon.stop("SIGKILL");
    await daemon.restart();
    await untilLive(daemon, "echo");
    await ask("after");
    const last = JSON.parse((await parley(daemon.env, ["session", "get", "echo", "--json"])).stdout).session
      .last_sequence;
    const sequences = (await until("the page to see everything", async () => {
      const seen = (await page.evaluate("seen")) as number[];
      return seen.at(-1) === last ? seen : undefined;
    })) as number[];
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  });
});
