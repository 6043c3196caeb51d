import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConsole, openVictim, otherPort } from "../faults/hostile/browser/other-port.js";
import { samePort } from "../faults/hostile/browser/same-port.js";
import { chromiumPath, openBrowser } from "../support/browser.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";

describe.skipIf(chromiumPath === "")("hostile servers on this machine and the console in Chromium", () => {
  let daemon: TestDaemon;
  let browser: { context: BrowserContext; close(): Promise<void> };
  let page: Page;

  beforeAll(async () => {
    daemon = await startDaemon();
    await openVictim(daemon);
    browser = await openBrowser();
    page = await openConsole(daemon, browser.context);
  });
  afterAll(async () => {
    await browser?.close();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("[trust.page-key] a server on another port cannot use the cookie that it receives, nor can its page act", async () => {
    const { figures, broken } = await otherPort(daemon, browser.context, page);
    expect(broken).toEqual([]);
    expect(figures.replays).toBeGreaterThan(200);
  });

  test.each([
    ["imitates", "sends"],
    ["relays", "waits"],
    ["redirects", "sends"],
    ["refuses", "waits"],
    ["imitates", "explores"],
    ["imitates", "explores with a token"],
    ["imitates", "explores signed out"],
    ["fails", "signs out"],
  ] as const)(
    "[trust.page-proof] a program at the daemon's port that %s it gets only the cookie of a page whose user %s",
    async (answers, user) => {
      const move = { stop: "SIGKILL", answers, user } as const;
      const { figures, broken } = await samePort(daemon, browser.context, move);
      expect(broken).toEqual([]);
      if (user === "explores signed out") expect(figures.requests_at_lost_port).toBe(0);
      else expect(figures.requests_at_lost_port).toBeGreaterThan(0);
    },
  );
});
