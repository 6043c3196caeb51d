import type { BrowserContext, Page } from "playwright-core";
import { parley } from "../../../support/cli.js";
import { localCall, type TestDaemon } from "../../../support/daemon.js";
import { PlayedSession } from "../../../support/played-session.js";
import { hostilePages, type Loot } from "./hostile-page.js";
import { HostileServer } from "./hostile-server.js";
import { replay } from "./replay.js";

export interface Found {
  figures: Record<string, number>;
  broken: string[];
}

/** Makes the session that hostile servers and pages try to reach. */
export async function openVictim(daemon: TestDaemon): Promise<void> {
  await PlayedSession.open(daemon, "victim");
}

/** Opens the console signed in. */
export async function openConsole(daemon: TestDaemon, context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await signIn(daemon, page);
  return page;
}

/**
 * A server on another port of 127.0.0.1, as any dev server is. The browser sends it the console's cookie; its page tries
 * everything that a page can, and the server then uses what it received by itself.
 */
export async function otherPort(daemon: TestDaemon, context: BrowserContext, console_: Page): Promise<Found> {
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

export async function signIn(daemon: TestDaemon, page: Page): Promise<void> {
  await page.goto((await parley(daemon.env, ["console"])).stdout.trim());
  await page.locator("#app").waitFor();
}

/** The second secret of the page's sign-in, wherever the page's storage has it. */
export async function keyOf(page: Page): Promise<string | undefined> {
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
