import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, openBrowser } from "../support/browser.js";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { PlayedSession } from "../support/played-session.js";
import { until } from "../support/wait.js";

describe.skipIf(chromiumPath === "")("[console.page] the console in Chromium", () => {
  let daemon: TestDaemon;
  let echo: RunningCli;
  let browser: { context: BrowserContext; close(): Promise<void> };
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    daemon = await startDaemon();
    browser = await openBrowser();
    page = await browser.context.newPage();
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      // What the content security policy refuses comes as a message, not as an error of the page.
      if (message.text().includes("Content Security Policy")) problems.push(message.text());
    });
  });
  afterAll(async () => {
    await browser?.close();
    await echo?.stop();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("[console.sign-in-hint] without a ticket it says how to sign in", async () => {
    await page.goto(daemon.address);
    await page.getByText("parley console").waitFor();
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

  test("[console.empty] without a session it says how to start one", async () => {
    await page.locator("#interactions").getByText("parley agent echo --name echo").waitFor();
    expect(await page.locator("#send").isDisabled()).toBe(true);
    echo = startParley(daemon.env, ["agent", "echo", "--name", "echo"]);
    await untilLive(daemon, "echo");
    await page.locator("#interactions").getByText('parley send echo "hi" --stream').waitFor();
  });

  test("[console.live] it lists the peer, sends, and shows the answer as it streams", async () => {
    await page.locator(".sessions button", { hasText: "echo" }).click();
    await page.locator("#to").selectOption("echo");
    await page.locator("#body").fill("hello <b>from</b> the page");
    await page.locator("#send").click();
    const card = page.locator(".interaction").last();
    await card.locator(".state.complete").waitFor();
    expect(await card.locator(".text").innerText()).toBe("hello <b>from</b> the page");
    expect(await card.locator(".asked").innerText()).toBe("hello <b>from</b> the page");
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

  test("[console.timeline] an interaction shows how far it has come and its steps", async () => {
    const turn_id = crypto.randomUUID();
    const planner = await PlayedSession.open(daemon, "planner", { description: "plans" });
    await planner.receive({ kind: "peer_request", intent: "plan", params: { body: "release" } }, "reviewer");
    await page.locator(".sessions button", { hasText: "planner" }).click();
    const card = page.locator(".interaction", { hasText: "reviewer" });
    await card.locator(".state.unread").waitFor();
    await card.locator(".badge", { hasText: "delivered" }).waitFor();
    expect(await page.locator(".sessions button", { hasText: "planner" }).innerText()).toContain("1 waiting");
    const claim = await planner.say([
      { kind: "turn_started", turn_id },
      ...["First the tag, ", "then the news."].map((delta) => ({ kind: "text_delta", turn_id, delta })),
      {
        kind: "tool_call_requested",
        turn_id,
        tool_call_id: "t",
        name: "read_file",
        args: { path: "NEWS.md" },
      },
    ]);
    await card.locator(".state.open").waitFor();
    await planner.settle(claim, { kind: "done", result: null });
    await card.locator(".state.complete").waitFor();
    expect(await card.locator(".badge").innerText()).toBe("ingested");
    expect(await card.locator(".body").innerText()).toContain('read_file {"path":"NEWS.md"}');
    await card.getByRole("button", { name: "Timeline" }).click();
    expect(await card.locator(".steps .label").allInnerTexts()).toEqual([
      "interaction started",
      "delivery updated",
      "turn started",
      "text delta",
      "tool call requested",
      "interaction complete",
    ]);
    expect(await card.locator(".steps li", { hasText: "text delta" }).innerText()).toContain(
      "2 pieces, 29 characters",
    );
  });

  test("[console.events] the stream is filtered by kind, text and interaction, and opened by keys", async () => {
    await page.keyboard.press("Escape");
    await page.locator("body").press("/");
    const text = page.locator("#filter-text");
    expect(await text.evaluate((field) => field === field.ownerDocument.activeElement)).toBe(true);
    const rows = page.locator("#events .row:not(.probe)");
    await page.keyboard.type("NEWS.md");
    await page.getByText("1 of 7 events").waitFor();
    expect(await rows.count()).toBe(1);
    await text.press("Escape");
    await page.getByText("7 events", { exact: true }).waitFor();
    await page.locator("#filter-kind").selectOption("-deltas");
    await page.getByText("5 of 7 events").waitFor();
    await page.locator("#filter-kind").selectOption("text_delta");
    await until("the two pieces of text alone", async () => {
      const shown = await rows.locator(".said").allInnerTexts();
      return shown.join("|") === "First the tag,|then the news." ? true : undefined;
    });
    await page.locator("#filter-kind").selectOption("");
    await page.locator("#events").focus();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    expect(await page.locator("#event-json").innerText()).toContain('"name": "read_file"');
    await page.locator("#event-close").press("Enter");
    await page.locator("#filter-text").fill("nothing has this");
    await page.getByText("No event passes the filter").waitFor();
    await page.locator("#filter-text").fill("");

    await page.locator(".sessions button", { hasText: "echo" }).click();
    await page.getByRole("tab", { name: "Interactions" }).click();
    const card = page.locator(".interaction").first();
    await card.getByRole("button", { name: "Timeline" }).click();
    const steps = await card.locator(".steps li").count();
    expect(steps).toBeGreaterThan(3);
    await card.getByRole("button", { name: "Show its events" }).click();
    const chip = page.locator("#filter-interaction");
    await chip.waitFor();
    const ids = new Set<string>();
    for (let at = 0; at < (await rows.count()); at++) {
      await rows.nth(at).click();
      const shown = JSON.parse(await page.locator("#event-json").innerText());
      ids.add(shown.interaction_id);
    }
    expect(ids.size).toBe(1);
    await chip.click();
    expect(await chip.isVisible()).toBe(false);
  });

  test("[console.held] what a policy holds is delivered or refused here", async () => {
    const policy = { peer_message: "hold", peer_request: "hold" };
    const desk = await PlayedSession.open(daemon, "desk", { inbound_policy: policy });
    await page.locator(".sessions button", { hasText: "desk" }).click();
    await page.getByRole("tab", { name: /Held/ }).click();
    await page.locator("#held").getByText("--inbound-policy").waitFor();
    const message = await desk.receive({ kind: "peer_message", body: "let <i>me</i> in" }, "stranger");
    const request = await desk.receive({ kind: "peer_request", intent: "review", params: {} }, "reviewer");
    await page.locator("#held-count", { hasText: "2" }).waitFor();
    await page.locator(".interaction .badge", { hasText: "held" }).nth(1).waitFor({ state: "attached" });
    const held = page.locator("#held .waiting");
    expect(await held.first().innerText()).toContain("let <i>me</i> in");
    await page.getByRole("button", { name: "Deliver the peer message from stranger" }).press("Enter");
    await page.getByRole("button", { name: "Refuse the peer request from reviewer" }).press("Enter");
    await page.locator("#held").getByText("Nothing is held").waitFor();
    const claim = await desk.say([]);
    expect(claim.interactionId).toBe(message);
    const { stdout } = await parley(daemon.env, [
      "stream",
      "--interaction",
      request,
      "--no-follow",
      "--json",
      "--as",
      "reviewer",
    ]);
    expect(stdout).toContain('"interaction_failed"');
  });

  test("[console.dead-letters] what ended without its work done is retried or dropped here", async () => {
    const night = await PlayedSession.open(daemon, "night");
    await page.locator(".sessions button", { hasText: "night" }).click();
    await page.getByRole("tab", { name: /Dead letters/ }).click();
    await page.locator("#dead").getByText("No dead letters").waitFor();
    for (const body of ["first", "second"]) {
      await night.receive({ kind: "peer_message", body }, "reviewer");
      const claim = await night.say([]);
      await night.settle(claim, { kind: "dead", code: "executor_error", message: `no time for ${body}` });
    }
    await page.locator("#dead-count", { hasText: "2" }).waitFor();
    const letters = page.locator("#dead .waiting");
    expect(await letters.locator(".note").allInnerTexts()).toEqual([
      "dead: no time for second [executor_error]",
      "dead: no time for first [executor_error]",
    ]);
    await letters.first().getByRole("button", { name: "Drop" }).press("Enter");
    await page.locator("#dead-count", { hasText: "1" }).waitFor();
    await letters
      .first()
      .getByRole("button", { name: "Retry the peer message from reviewer" })
      .press("Enter");
    await page.locator("#dead").getByText("No dead letters").waitFor();
    const again = await night.say([{ kind: "turn_started", turn_id: crypto.randomUUID() }]);
    await night.settle(again, { kind: "done", result: null });
    await page.getByRole("tab", { name: "Interactions" }).click();
    await page.locator(".interaction .state.complete").waitFor();
  });

  test("[console.cancel] what waits is cancelled here", async () => {
    await page.locator(".sessions button", { hasText: "night" }).click();
    const command = { kind: "peer_message", to: "night", body: "never mind" };
    expect((await localCall(daemon.socketPath, "POST", "/comms/send", command)).status).toBe(200);
    const card = page.locator(".interaction", { has: page.locator(".state.unread") });
    await card.getByRole("button", { name: "Cancel" }).press("Enter");
    const failed = page.locator(".interaction", { has: page.locator(".state.failed") }).last();
    await failed.getByText("[cancelled]").waitFor();
    expect(await failed.getByRole("button", { name: "Cancel" }).isVisible()).toBe(false);
  });

  test("[console.question] a host's question is answered here, by the session that sent the interaction", async () => {
    const host = await PlayedSession.open(daemon, "asking");
    const id = await host.receive({ kind: "peer_request", intent: "ask", params: null }, "zoe");
    const first = "0199f3a0-4c52-7c01-b200-000000000001";
    const question = { kind: "interaction_input_required", request_id: first, prompt: "red or blue?" };
    await host.say([question]);
    await page.locator(".sessions button", { hasText: "asking" }).click();
    const form = page.locator(`.interaction[data-interaction="${id}"] form.answer`);
    await form.getByLabel("Answer to: red or blue?").fill("blue");
    await form.getByRole("button", { name: "Answer" }).click();
    await form.waitFor({ state: "hidden" });
    const { body } = await localCall(daemon.socketPath, "POST", "/sessions/asking/drain", {
      lease_token: host.leaseToken,
      max: 0,
    });
    expect(body).toMatchObject({ answers: [{ request_id: first, body: "blue", from: "zoe" }] });
  });

  test("[console.inbox] what waits is read here with its text and question, and what was read is done with", async () => {
    const send = async (session: string, command: object): Promise<string> => {
      const headers = { "parley-session": session };
      const { body } = await localCall(daemon.socketPath, "POST", "/comms/send", command, headers);
      return (body as { interaction_id: string }).interaction_id;
    };
    await PlayedSession.open(daemon, "reader");
    const asked = await send("reader", {
      kind: "peer_request",
      to: "night",
      intent: "ask",
      params: { body: "how <b>many</b>?" },
    });
    const answer = { kind: "peer_response", to: "reader", in_reply_to: asked, status: "completed" };
    await send("night", { ...answer, result: "three" });
    await send("night", { kind: "peer_message", to: "reader", body: `<i>long</i>${"x".repeat(9_000)}` });
    const params = { body: "ship it?" };
    const request = await send("night", {
      kind: "peer_request",
      to: "reader",
      intent: "approve",
      params,
    });
    await page.locator(".sessions button", { hasText: "reader" }).click();
    // The answer stands below its question, and each message and request with its text.
    const answered = page.locator(".interaction", { hasText: "night · peer response" });
    await answered.locator(".asked", { hasText: "how <b>many</b>?\n↳ three" }).waitFor();
    await page.locator(".interaction .asked", { hasText: "ship it?" }).waitFor();
    await page.getByRole("tab", { name: /Inbox/ }).click();
    await page.locator("#inbox-count", { hasText: "3" }).waitFor();
    const rows = page.locator("#inbox .waiting");
    expect(await rows.locator(".asked").allInnerTexts()).toEqual(["how <b>many</b>?"]);
    expect(await rows.first().locator(".text").innerText()).toBe("three");
    const long = await rows.nth(1).locator(".text").innerText();
    expect(long).toMatch(/^<i>long<\/i>x+… 5,011 more characters$/);
    expect(await rows.locator("i, b").count()).toBe(0);
    expect(await rows.nth(1).innerText()).toContain("parley inbox reader --interaction ");
    expect(await rows.nth(2).locator("button").count()).toBe(0);
    expect(await rows.nth(2).innerText()).toContain(`parley reply ${request} "text"`);
    await page.setViewportSize({ width: 400, height: 700 });
    const height = await rows.nth(1).evaluate((row) => row.getBoundingClientRect().height);
    expect(height).toBeLessThan(450);
    expect(
      await page.evaluate("document.documentElement.scrollWidth - window.innerWidth"),
    ).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1200, height: 760 });
    await page
      .getByRole("button", { name: "Done with the peer response completed from night" })
      .press("Enter");
    await page.getByRole("button", { name: "Done with the peer message from night" }).press("Enter");
    await page.locator("#inbox-count", { hasText: "1" }).waitFor();
    const left = JSON.parse((await parley(daemon.env, ["inbox", "reader", "--json"])).stdout);
    expect(left.interactions.map((one: { text: string }) => one.text)).toEqual(["ship it?"]);
    expect((await parley(daemon.env, ["reply", request, "yes"])).code).toBe(0);
    await page.locator("#inbox").getByText("Nothing waits here").waitFor();
    // What was read and done with stays in the interactions, with its text.
    await page.getByRole("tab", { name: "Interactions" }).click();
    const card = page.locator(".interaction", { hasText: "ship it?" });
    await card.getByText("yes").waitFor();
  });

  test("[console.keyboard] arrows move between the tabs, one of which is in the tab order", async () => {
    const tabs = page.getByRole("tab");
    await page.getByRole("tab", { name: "Interactions" }).click();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("tab", { name: "Events" }).getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    expect(await tabs.last().getAttribute("aria-selected")).toBe("true");
    expect(await page.locator("[role=tab][tabindex='0']").count()).toBe(1);
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#panel-interactions").isVisible()).toBe(true);
  });

  test("[console.ten-thousand] with 10,000 events the page holds a screenful of rows", async () => {
    const busy = await PlayedSession.open(daemon, "busy");
    for (let round = 0; round < 10; round++) {
      await busy.receive({ kind: "peer_message", body: `round ${round}` });
      const turn_id = crypto.randomUUID();
      const pieces = Array.from({ length: 998 }, (_, at) => ({
        kind: "text_delta",
        turn_id,
        delta: `piece ${round * 998 + at}. `,
      }));
      const claim = await busy.say([{ kind: "turn_started", turn_id }, ...pieces]);
      await busy.settle(claim, { kind: "done", result: null });
    }
    // The page has heard of the last of them: it opens a session where its last 10,000 events begin.
    await page.locator(".sessions button", { hasText: "busy" }).waitFor();
    await page.reload();
    await page.locator(".sessions button", { hasText: "busy" }).click();
    await page.getByRole("tab", { name: "Events" }).click();
    const rows = page.locator("#events .row:not(.probe)");
    await page.locator("#event-count", { hasText: "10,000 events" }).waitFor();
    await rows.last().getByText("interaction complete").waitFor();
    expect(await rows.count()).toBeLessThan(80);
    await page.locator("#events").focus();
    await page.keyboard.press("Home");
    const first = page.locator("#events .row[aria-posinset='1']");
    await first.waitFor();
    expect(await first.getAttribute("aria-setsize")).toBe("10000");
    expect(await first.getAttribute("aria-selected")).toBe("true");
    await page.locator("#filter-text").fill("piece 5000.");
    await page.getByText("1 of 10,000 events").waitFor();
    await page.locator("#filter-text").fill("");
    await page.getByRole("tab", { name: "Interactions" }).click();
    const last = page.locator(".interaction").last();
    expect(await last.locator(".text").textContent()).toContain("piece 9979. ");
    await until("the view to be at its end", async () => {
      const { y, height } = (await last.boundingBox())!;
      const shown = (await page.locator("#interactions").boundingBox())!;
      return y + height <= shown.y + shown.height ? true : undefined;
    });
    expect(await page.locator("*").count()).toBeLessThan(2_000);
  });

  test("[console.selection] at 400 pixels the selected session is in sight, and To follows it", async () => {
    for (let number = 10; number < 40; number += 1)
      await localCall(daemon.socketPath, "POST", "/sessions", { name: `a-crowd-${number}`, ttl_ms: 0 });
    const refused = { peer_message: "refuse", peer_request: "refuse", peer_response: "refuse" };
    const deaf = { name: "z-deaf", ttl_ms: 0, inbound_policy: refused };
    await localCall(daemon.socketPath, "POST", "/sessions", deaf);
    const to = page.locator("#to");
    const selected = page.locator('.sessions button[aria-current="true"]');
    const inSight = (): Promise<boolean> =>
      selected.evaluate((row) => {
        const { top, bottom } = row.getBoundingClientRect();
        const list = row.closest("nav")!.getBoundingClientRect();
        return top >= list.top && bottom <= list.bottom + 1;
      });
    await page.setViewportSize({ width: 400, height: 700 });
    await page.reload();
    await page.locator(".sessions button", { hasText: "a-crowd-39" }).waitFor({ state: "attached" });
    await selected.waitFor();
    // The first one that a host serves is selected; it stands behind the others.
    const first = await selected.locator(".name").innerText();
    expect(first).not.toContain("crowd");
    await until("To to follow", async () => ((await to.inputValue()) === first ? true : undefined));
    expect(await inSight()).toBe(true);
    await page.locator(".sessions button", { hasText: "a-crowd-12" }).click();
    expect(await to.inputValue()).toBe("a-crowd-12");
    await page.setViewportSize({ width: 1200, height: 1000 });
    await page.locator(".sessions button", { hasText: "a-crowd-37" }).click();
    expect(await to.inputValue()).toBe("a-crowd-37");
    await page.setViewportSize({ width: 400, height: 700 });
    await until("the list to scroll", async () => ((await inSight()) ? true : undefined));
    // Nothing is sent to another peer than the one that is shown as selected.
    await page.locator(".sessions button", { hasText: "z-deaf" }).click();
    expect(await to.inputValue()).toBe("");
    await page.locator("#body").fill("for whom?");
    await page.locator("#send").click();
    await page.getByText("Choose a peer to send to.").waitFor();
    await page.locator("#body").fill("");
    expect(problems).toEqual([]);
  });

  test("[console.narrow] it works at 400 pixels without sideways scrolling, dark and light", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 400, height: 700 });
      await page.locator("#send").waitFor();
      for (const tab of await page.getByRole("tab").all()) {
        await tab.click();
        const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
        expect(overflow).toBeLessThanOrEqual(0);
      }
    }
    expect(problems).toEqual([]);
  });

  test("[docs.explorer] the explorer is public, and tries calls as the signed-in page", async () => {
    await page.setViewportSize({ width: 1200, height: 760 });
    await page.goto(`${daemon.address}/docs/`);
    await page.getByText("/comms/send").first().waitFor();
    const operation = page.locator(".opblock", { has: page.locator('[data-path="/status"]') });
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Execute" }).click();
    await operation.locator(".live-responses-table", { hasText: '"instance_id"' }).waitFor();
    expect(await operation.locator(".request-url").innerText()).toContain(`${daemon.address}/status`);
    expect(await operation.locator(".curl").innerText()).not.toMatch(/page-key/i);
    const links = "[...document.querySelectorAll('a[href]')].map((link) => link.href)";
    const outside = (await page.evaluate<string[]>(links)).filter((link) => !link.startsWith(daemon.address));
    expect(outside).toEqual([]);
    // swagger-ui sets one inline style, which its page does without.
    expect(problems.filter((text) => !text.includes("inline style"))).toEqual([]);

    await page.evaluate("localStorage.clear()");
    await page.goto(`${daemon.address}/docs/`);
    await page.getByText("/comms/send").first().waitFor();
    const again = page.locator(".opblock", { has: page.locator('[data-path="/status"]') });
    await again.locator(".opblock-summary-control").click();
    await again.getByRole("button", { name: "Execute" }).click();
    await again.locator(".live-responses-table", { hasText: '"unauthenticated"' }).waitFor();
  });
});
