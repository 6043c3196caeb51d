import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, openBrowser } from "../support/browser.js";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";

describe.skipIf(chromiumPath === "")("[console.page] the console in Chromium", () => {
  let daemon: TestDaemon;
  let echo: RunningCli;
  let browser: { context: BrowserContext; close(): Promise<void> };
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    daemon = await startDaemon();
    echo = startParley(daemon.env, ["agent", "echo", "--name", "echo"]);
    await untilLive(daemon, "echo");
    browser = await openBrowser();
    page = await browser.context.newPage();
    page.on("pageerror", (error) => problems.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    await echo?.stop();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("[console.sign-in-hint] without a ticket it says how to sign in", async () => {
    await page.goto(daemon.address);
    await page.getByText("npx parley console").waitFor();
    expect(await page.locator("#app").isVisible()).toBe(false);
  });

  test("[console.ticket] the printed address signs in once and leaves no ticket behind", async () => {
    const { stdout } = await parley(daemon.env, ["console"]);
    const address = stdout.trim();
    await page.goto(address);
    await page.locator("#app").waitFor();
    expect(page.url()).toBe(`${daemon.address}/`);
    const cookie = (await browser.context.cookies()).find(({ name }) => name === "parley_session");
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
    const again = await fetch(`${daemon.address}/auth/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: daemon.address },
      body: JSON.stringify({ ticket: new URL(address).hash.slice(3) }),
    });
    expect(again.status).toBe(401);
  });

  test("[console.live] it lists the peer, sends, and shows the answer as it streams", async () => {
    await page.locator(".sessions button", { hasText: "echo" }).click();
    await page.locator("#to").selectOption("echo");
    await page.locator("#body").fill("hello <b>from</b> the page");
    await page.locator("#send").click();
    const card = page.locator(".interaction").last();
    await card.locator(".state.complete").waitFor();
    expect(await card.locator(".text").innerText()).toBe("hello <b>from</b> the page");
    expect(await card.locator("b").count()).toBe(0);
  });

  test("[console.survives-restart] it goes on after a daemon restart without a reload", async () => {
    await page.evaluate('window.mark = "same page"');
    await daemon.stop("SIGKILL");
    await page.locator(".link.down").waitFor();
    await daemon.restart();
    await untilLive(daemon, "echo");
    await page.locator(".link:not(.down)", { hasText: "connected" }).waitFor();
    await page.locator("#body").fill("after the restart");
    await page.locator("#send").click();
    await page.locator(".interaction .text", { hasText: "after the restart" }).waitFor();
    expect(await page.evaluate("window.mark")).toBe("same page");
  });

  test("[console.narrow] it works at 400 pixels without sideways scrolling, dark and light", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 400, height: 700 });
      await page.locator("#send").waitFor();
      const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
      expect(overflow).toBeLessThanOrEqual(0);
    }
    expect(problems).toEqual([]);
  });

  test("[docs.explorer] the explorer opens for the signed-in browser", async () => {
    await page.setViewportSize({ width: 1200, height: 760 });
    await page.goto(`${daemon.address}/docs/`);
    await page.getByText("/comms/send").first().waitFor();
  });
});
