import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.js";
import { type Answer, HostileServer } from "../faults/hostile/browser/hostile-server.js";
import { chromiumPath, openBrowser } from "../support/browser.js";
import { parley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { PlayedSession } from "../support/played-session.js";
import { until } from "../support/wait.js";

interface StoredSession {
  createdAt: number;
  expiresAt: number;
  pageKey?: string;
}

describe.skipIf(chromiumPath === "")("signing in to the console in Chromium", () => {
  let daemon: TestDaemon;
  let browser: { context: BrowserContext; close(): Promise<void> };
  let page: Page;

  beforeAll(async () => {
    daemon = await startDaemon();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await daemon?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await page?.close();
    page = await browser.context.newPage();
    await signIn(page);
  });

  async function signIn(at: Page): Promise<void> {
    await at.goto((await parley(daemon.env, ["console"])).stdout.trim());
    await at.locator("#app").waitFor();
  }

  /** The headers with which a program would be taken for the page. */
  async function credentials(): Promise<Record<string, string>> {
    const key = (await page.evaluate("localStorage.getItem('parley.page-key')")) as string;
    const [cookie] = await browser.context.cookies();
    return {
      cookie: `${cookie!.name}=${cookie!.value}`,
      origin: daemon.address,
      "parley-page-key": key,
    };
  }

  /** Ends the page's session at the daemon; the page is not asked. */
  async function endSession(): Promise<void> {
    const headers = await credentials();
    const { status } = await fetch(`${daemon.address}/auth/sign-out`, { method: "POST", headers });
    expect(status).toBe(204);
  }

  /** Changes what the stopped daemon's store has of every browser session. */
  async function changeStored(change: (session: StoredSession) => StoredSession): Promise<void> {
    const { body } = await localCall(daemon.socketPath, "GET", "/status");
    const { path } = (body as { store: { path: string } }).store;
    await daemon.stop();
    const store = await openSqlite({ path });
    try {
      for (const { key, value, rev } of (await store.list("cookies")).entries)
        await store.cas("cookies", key, { expectRev: rev, value: JSON.stringify(change(JSON.parse(value))) });
    } finally {
      await store.close();
    }
    await daemon.restart();
  }

  test("[trust.page-key] a reload, another tab and a restart of the daemon need no new sign-in", async () => {
    await page.reload();
    await page.locator("#app").waitFor();
    const other = await browser.context.newPage();
    await other.goto(daemon.address);
    await other.locator("#app").waitFor();
    await other.close();
    await daemon.stop("SIGKILL");
    await page.locator(".link.down", { hasText: "daemon not reachable" }).waitFor();
    await daemon.restart();
    await page.locator(".link:not(.down)", { hasText: "connected" }).waitFor();
  });

  test("[trust.page-key] the page's calls go over WebSockets whose first frame is the key, and the key nowhere else", async () => {
    const key = (await page.evaluate("localStorage.getItem('parley.page-key')")) as string;
    expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const sockets: { url: string; sent: string[]; received: string[] }[] = [];
    page.on("websocket", (socket) => {
      const seen = { url: socket.url(), sent: [] as string[], received: [] as string[] };
      sockets.push(seen);
      socket.on("framesent", ({ payload }) => seen.sent.push(String(payload)));
      socket.on("framereceived", ({ payload }) => seen.received.push(String(payload)));
    });
    const requests: Promise<string>[] = [];
    page.on("request", (request) => {
      requests.push(
        request.allHeaders().then((headers) => JSON.stringify([request.url(), request.postData(), headers])),
      );
    });
    await page.reload();
    await page.locator("#app").waitFor();
    await until("each WebSocket to be proven", async () =>
      sockets.length > 0 && sockets.every(({ sent }) => sent.length > 0) ? true : undefined,
    );
    for (const { url, sent, received } of sockets) {
      expect(url).not.toContain(key);
      expect(received[0], "the daemon proves itself first").toMatch(/^\{"proof":"[A-Za-z0-9_-]{43}"\}$/);
      expect(sent[0]).toBe(JSON.stringify({ page_key: key }));
      expect(sent.slice(1).join()).not.toContain(key);
    }
    expect((await Promise.all(requests)).join()).not.toContain(key);
  });

  test("[console.sign-out] signing out ends the session at the daemon and in every tab", async () => {
    const other = await browser.context.newPage();
    await other.goto(daemon.address);
    await other.locator("#app").waitFor();
    const headers = await credentials();
    await page.getByRole("button", { name: "Sign out" }).press("Enter");
    for (const one of [page, other]) {
      await one.getByText("parley console").waitFor();
      expect(await one.locator("#app").isVisible()).toBe(false);
      expect(await one.evaluate("localStorage.length")).toBe(0);
    }
    expect(await browser.context.cookies()).toEqual([]);
    expect((await fetch(`${daemon.address}/status`, { headers })).status).toBe(401);
    // Signing in again in one tab brings the other back.
    await signIn(page);
    await other.locator("#app").waitFor();
    await other.close();
  });

  test("[trust.page-key] a session of an earlier version is signed in again, without an error on the page", async () => {
    await changeStored(({ createdAt, expiresAt }) => ({ createdAt, expiresAt }));
    await page.getByText("parley console").waitFor();
    expect(await page.locator("#sign-in-problem").innerText()).toBe("");
    expect(await page.locator(".link").innerText()).toBe("");
    await signIn(page);
  });

  test("[trust.page-key] an open page shows the sign-in when its session is over, and takes a ticket there", async () => {
    await endSession();
    await page.getByText("parley console").waitFor();
    expect(await page.locator("#app").isVisible()).toBe(false);
    const { hash } = new URL((await parley(daemon.env, ["console"])).stdout.trim());
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.locator("#app").waitFor();
    await changeStored((session) => ({ ...session, expiresAt: session.createdAt }));
    await page.getByText("parley console").waitFor();
  });

  test("[console.foreign-port] while another program has the port the page shows what to do, at 400 pixels too", async () => {
    await page.setViewportSize({ width: 400, height: 700 });
    const alarm = page.locator("#alarm");
    await daemon.stop("SIGKILL");
    {
      await using _ = await HostileServer.start({ port: Number(new URL(daemon.address).port) });
      await alarm.waitFor();
      for (const advice of [
        "Another program answers",
        "Do not reload",
        "parley up --detach",
        "parley console",
      ])
        expect(await alarm.innerText()).toContain(advice);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(400);
    }
    await daemon.restart();
    await page.locator(".link:not(.down)", { hasText: "connected" }).waitFor();
    expect(await alarm.isVisible()).toBe(false);
  });

  test("[console.foreign-port] a program that refuses everything ends no live stream", async () => {
    const worker = await PlayedSession.open(daemon, "worker");
    await page.reload();
    await page.locator("#sessions button", { hasText: "worker" }).click();
    await worker.receive({ kind: "peer_message", body: "before" });
    await page.locator("article.interaction").waitFor();
    await daemon.stop("SIGKILL");
    {
      const port = Number(new URL(daemon.address).port);
      const answer: Answer = (_, response) => {
        const body = { code: "unauthenticated", message: "no", retryable: false };
        response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify(body));
      };
      await using _ = await HostileServer.start({ port, answer });
      await page.getByText("parley console").waitFor();
    }
    await daemon.restart();
    await page.locator("#app").waitFor();
    await worker.receive({ kind: "peer_message", body: "after" });
    await page.locator("article.interaction").nth(1).waitFor();
    expect(await page.locator("article.interaction").count()).toBe(2);
  });

  test("[console.ticket] a used ticket is refused with what to do", async () => {
    const address = (await parley(daemon.env, ["console"])).stdout.trim();
    await signIn(page);
    const used = await browser.context.newPage();
    await used.goto(address);
    await used.locator("#app").waitFor();
    await used.getByRole("button", { name: "Sign out" }).click();
    await used.getByText("parley console").waitFor();
    await used.goto("about:blank");
    await used.goto(address);
    await used.locator("#sign-in-problem", { hasText: "ticket" }).waitFor();
    await used.close();
  });
});
