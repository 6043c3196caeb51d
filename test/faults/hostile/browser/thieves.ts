import type { ServerResponse } from "node:http";
import type { BrowserContext, Page } from "playwright-core";
import { parley } from "../../../support/cli.js";
import { localCall, type TestDaemon } from "../../../support/daemon.js";
import { PlayedSession } from "../../../support/played-session.js";
import { until } from "../../../support/wait.js";
import { hostilePages, type Loot } from "./hostile-page.js";
import { type Answer, HostileServer, type Received } from "./hostile-server.js";
import { replay } from "./replay.js";

export interface Part {
  figures: Record<string, number>;
  broken: string[];
}

/** Opens the console signed in, with a session in it that hostile pages try to reach. */
export async function openConsole(daemon: TestDaemon, context: BrowserContext): Promise<Page> {
  await PlayedSession.open(daemon, "victim");
  const page = await context.newPage();
  await signIn(daemon, page);
  return page;
}

/**
 * A server on another port of 127.0.0.1, as any dev server is. The browser sends it the console's cookie; its page tries
 * everything that a page can, and the server then uses what it received by itself.
 */
export async function otherPort(daemon: TestDaemon, context: BrowserContext, console_: Page): Promise<Part> {
  const broken: string[] = [];
  const before = await stateOf(daemon);
  const reported = Promise.withResolvers<Loot[]>();
  await using hostile = await HostileServer.start({ answer: hostilePages(daemon.address, reported.resolve) });
  const page = await context.newPage();
  await page.goto(hostile.address);
  for (const { attack, got } of await reported.promise) broken.push(`the hostile page: ${attack}: ${got}`);
  await page.close();
  const key = await keyOf(console_);
  if (hostile.cookies.length === 0) broken.push("the run tests nothing: the browser sent no cookie");
  if (key === undefined || hostile.everything.includes(key))
    broken.push("the hostile server received the page key");
  let tried = 0;
  for (const cookie of hostile.cookies) {
    const replayed = await replay(daemon.address, cookie);
    tried += replayed.tried;
    broken.push(...replayed.broken);
  }
  const after = await stateOf(daemon);
  if (after !== before) broken.push(`the daemon's state changed: ${before} became ${after}`);
  await console_.reload();
  const app = console_.locator("#app");
  await app.waitFor({ timeout: 10_000 }).catch(() => broken.push("the console was signed out"));
  return { figures: { requests_received: hostile.received.length, replays: tried }, broken };
}

/**
 * Another program takes the very port of the daemon while it is down and a console is open, and the daemon comes back
 * on the next one. To a browser the program is the same origin: nothing of the page may be sent there but its cookie.
 */
export async function samePort(daemon: TestDaemon, context: BrowserContext): Promise<Part> {
  const broken: string[] = [];
  const page = await context.newPage();
  await signIn(daemon, page);
  const key = await keyOf(page);
  const { address } = daemon;
  await daemon.stop();
  let received: number;
  let cookies: string[];
  {
    let relayTo: string | undefined;
    const answer: Answer = (request, response) => relay(relayTo, request, response);
    await using hostile = await HostileServer.start({ port: Number(new URL(address).port), answer });
    await until("the page to ask the hostile server", async () =>
      hostile.received.length > 2 ? true : undefined,
    );
    // From now on it passes everything on to the daemon, to make its own what the daemon answers.
    await daemon.restart();
    relayTo = daemon.address;
    const asked = hostile.received.length;
    await until("the page to ask again", async () =>
      hostile.received.length > asked + 2 ? true : undefined,
    );
    if (key === undefined || hostile.everything.includes(key))
      broken.push("the page sent its page key to the hostile server");
    if (hostile.frames.length > 0)
      broken.push(`the page sent frames: ${hostile.frames.join().slice(0, 100)}`);
    for (const { url, headers, body } of hostile.received) {
      if (headers["parley-page-key"] !== undefined) broken.push(`the page sent a page key to ${url}`);
      if (!/^(\{"nonce":"[\w-]{43}"\})?$/.test(body))
        broken.push(`the page sent ${url} ${body.slice(0, 100)}`);
    }
    // What the user does next: the page that comes is the hostile server's, and may read what this origin keeps.
    await page.reload();
    received = hostile.received.length;
    cookies = hostile.cookies;
  }
  for (const cookie of cookies) {
    const headers = { cookie, origin: daemon.address, "parley-page-key": key ?? "" };
    const { status } = await fetch(`${daemon.address}/status`, { headers });
    if (status !== 401) broken.push(`a session of the lost port still counts: ${status}`);
  }
  await page.close();
  return { figures: { requests_at_lost_port: received }, broken };
}

/** Passes a request on; while there is no daemon to pass it to, answers as a daemon might. */
async function relay(
  to: string | undefined,
  { method, url, headers, body }: Received,
  response: ServerResponse,
): Promise<void> {
  if (to === undefined) {
    response.writeHead(200, { "content-type": "application/json" }).end('{"proof":"AAAA","result":{}}');
    return;
  }
  const answer = await fetch(new URL(url, to), {
    method,
    headers: Object.fromEntries(
      Object.entries(headers as Record<string, string>).filter(
        ([name]) => !/^(connection|content-length|transfer-encoding|upgrade|host)$/.test(name),
      ),
    ),
    ...(method === "GET" ? {} : { body }),
  });
  response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
}

async function signIn(daemon: TestDaemon, page: Page): Promise<void> {
  await page.goto((await parley(daemon.env, ["console"])).stdout.trim());
  await page.locator("#app").waitFor();
}

/** The second secret of the page's sign-in, wherever the page's storage has it. */
async function keyOf(page: Page): Promise<string | undefined> {
  const stored = String(await page.evaluate("JSON.stringify(localStorage)"));
  return /[A-Za-z0-9_-]{43}/.exec(stored)?.[0];
}

/** What a thief would change: tokens, sessions and what waits in them, and the process itself. */
async function stateOf(daemon: TestDaemon): Promise<string> {
  const read = async (path: string): Promise<unknown> =>
    (await localCall(daemon.socketPath, "GET", path)).body;
  const { sessions } = (await read("/sessions")) as {
    sessions: { name: string; unread: number; last_sequence: number }[];
  };
  const { pid } = (await read("/status")) as { pid: number };
  const { tokens } = (await read("/tokens")) as { tokens: unknown[] };
  const counted = sessions.map(({ name, unread, last_sequence }) => [name, unread, last_sequence]);
  return JSON.stringify({ pid, tokens, sessions: counted });
}
