import type { ServerResponse } from "node:http";
import { type BrowserContext, errors, type Page } from "playwright-core";
import type { TestDaemon } from "../../../support/daemon.js";
import { until } from "../../../support/wait.js";
import { type Answer, HostileServer, type Received } from "./hostile-server.js";
import { type Found, keyOf, signIn } from "./other-port.js";

/** How the program at the lost port answers, and what the user does meanwhile. */
export interface Move {
  stop: NodeJS.Signals;
  answers: (typeof answers)[number];
  user: (typeof users)[number];
}

export const answers = ["imitates", "relays", "redirects", "refuses", "fails", "hangs"] as const;
export const users = [
  "waits",
  "sends",
  "explores",
  "explores with a token",
  "explores signed out",
  "signs out",
] as const;

const secretToken = `parley_stolentoken_${"s".repeat(43)}`;
const secretText = "text of the user that is meant for the daemon alone";

/**
 * Another program takes the very port of the daemon while it is down and a console is open. To a browser the program is
 * the same origin: nothing of the page may be sent there but its cookie.
 */
export async function samePort(daemon: TestDaemon, context: BrowserContext, move: Move): Promise<Found> {
  const broken: string[] = [];
  const page = await context.newPage();
  await signIn(daemon, page);
  const key = await keyOf(page);
  const explores = move.user.startsWith("explores");
  if (explores) await openExplorer(daemon, page, move.user);
  const { address } = daemon;
  await daemon.stop(move.stop);
  let requests = 0;
  let cookies: string[] = [];
  {
    await using elsewhere = await HostileServer.start({ answer: allowing });
    const state = { relayTo: undefined as string | undefined };
    const answer = answerOf(move.answers, state, elsewhere.address);
    await using hostile = await HostileServer.start({ port: Number(new URL(address).port), answer });
    const received = (count: number): Promise<true> =>
      until("the page to ask the other program", async () =>
        hostile.received.length >= count || leaks(hostile, key).length > 0 ? true : undefined,
      );
    if (!explores) await received(1);
    if (move.answers === "relays") {
      // The program passes everything on to the daemon, to make its own what the daemon answers.
      await daemon.restart();
      state.relayTo = daemon.address;
    }
    const before = hostile.received.length;
    await act(move.user, page);
    // One that never answers is asked once, and by a page without a sign-in not at all.
    if (move.user === "explores signed out") await refusedBySelf(page, broken);
    else if (move.answers !== "hangs") await received(before + 1);
    for (const server of [hostile, elsewhere]) broken.push(...leaks(server, key));
    // The user loads the page again: the one that comes is the program's, and may read what this origin keeps.
    // Signing out has just done so.
    if (move.answers === "relays" && move.user !== "signs out") await page.reload({ waitUntil: "commit" });
    requests = hostile.received.length;
    cookies = hostile.cookies;
  }
  if (move.answers === "relays") {
    for (const cookie of cookies) {
      const headers = { cookie, origin: daemon.address, "parley-page-key": key ?? "" };
      const { status } = await fetch(`${daemon.address}/status`, { headers });
      if (status !== 401) broken.push(`a session of the lost port still counts: ${status}`);
    }
  } else {
    await daemon.restart();
    const isBack = page.locator(".link:not(.down)", { hasText: "connected" }).waitFor({ timeout: 20_000 });
    if (move.user === "waits" || move.user === "sends")
      await isBack.catch(() => broken.push("the page did not come back with its daemon"));
    else isBack.catch(() => undefined);
  }
  await page.close();
  return { figures: { requests_at_lost_port: requests }, broken };
}

/** What the server received that is not for it. */
function leaks(server: HostileServer, key: string | undefined): string[] {
  const broken: string[] = [];
  if (key === undefined || server.everything.includes(key))
    broken.push("the page sent its page key to another program");
  if (server.everything.includes(secretText)) broken.push("the page sent the user's text to another program");
  if (server.everything.includes(secretToken))
    broken.push("the page sent the user's token to another program");
  for (const frame of server.frames) broken.push(`the page sent the frame ${frame.slice(0, 100)}`);
  for (const { url, headers, body } of server.received) {
    if (headers["parley-page-key"] !== undefined) broken.push(`the page sent a page key to ${url}`);
    if (!/^(\{"nonce":"[\w-]{43}"\})?$/.test(body)) broken.push(`the page sent ${url} ${body.slice(0, 100)}`);
  }
  return broken;
}

/** What the user does, as far as the page still lets the user: what answers may have hidden it by now. */
async function act(user: Move["user"], page: Page): Promise<void> {
  const timeout = 1_000;
  try {
    if (user === "sends") {
      await page.locator("#body").fill(secretText, { timeout });
      await page.locator("#send").click({ timeout });
    } else if (user === "signs out") {
      await page.getByRole("button", { name: "Sign out" }).click({ timeout });
    } else if (user !== "waits") {
      await page.getByRole("button", { name: "Execute" }).click({ timeout: 10_000 });
    }
  } catch (error) {
    if (user.startsWith("explores") || !(error instanceof errors.TimeoutError)) throw error;
  }
}

async function openExplorer({ address }: TestDaemon, page: Page, user: Move["user"]): Promise<void> {
  if (user === "explores signed out") {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator("#sign-in").waitFor();
  }
  await page.goto(`${address}/docs/`);
  if (user === "explores with a token") {
    await page.getByRole("button", { name: "Authorize" }).first().click();
    const dialog = page.locator(".dialog-ux");
    await dialog.locator("#auth-bearer-value").fill(secretToken);
    await dialog.getByRole("button", { name: "Apply credentials" }).first().click();
    await dialog.getByRole("button", { name: "Close" }).last().click();
  }
  const operation = page.locator(".opblock", { has: page.locator('[data-path="/comms/send"]') });
  await operation.locator(".opblock-summary-control").click();
  const body = operation.locator("textarea.body-param__text");
  await body.fill(JSON.stringify({ kind: "peer_message", to: "victim", body: secretText }));
}

/** A page without a sign-in cannot ask for a proof: it refuses to send a body, and shows why. */
async function refusedBySelf(page: Page, broken: string[]): Promise<void> {
  await page
    .locator(".live-responses-table", { hasText: "not signed in" })
    .waitFor({ timeout: 5_000 })
    .catch(() => broken.push("the explorer did not refuse to send a body without a sign-in"));
}

function answerOf(
  manner: Move["answers"],
  state: { relayTo: string | undefined },
  elsewhere: string,
): Answer {
  return async (request, response) => {
    if (manner === "relays" && state.relayTo !== undefined) await relay(state.relayTo, request, response);
    else if (manner === "redirects")
      response.writeHead(307, { location: `${elsewhere}${request.url}` }).end();
    else if (manner === "refuses")
      json(response, 401, { code: "unauthenticated", message: "no", retryable: false });
    else if (manner === "fails") response.writeHead(500).end("<html>");
    else if (manner !== "hangs") json(response, 200, { proof: "AAAA", jsonrpc: "2.0", id: 1, result: {} });
  };
}

/** Answers as a server that lets pages of every origin send it everything. */
const allowing: Answer = ({ headers }, response) => {
  response
    .writeHead(200, {
      "access-control-allow-origin": headers.origin ?? "*",
      "access-control-allow-credentials": "true",
      "access-control-allow-headers": "content-type, parley-page-key, parley-contract, parley-digest",
      "access-control-allow-methods": "*",
      "content-type": "application/json",
    })
    .end('{"proof":"AAAA"}');
};

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function relay(
  to: string,
  { method, url, headers, body }: Received,
  response: ServerResponse,
): Promise<void> {
  const passed = Object.entries(headers as Record<string, string>).filter(
    ([name]) => !/^(connection|content-length|transfer-encoding|upgrade|host)$/.test(name),
  );
  const answer = await fetch(new URL(url, to), {
    method,
    headers: Object.fromEntries(passed),
    ...(method === "GET" ? {} : { body }),
  });
  response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
}
