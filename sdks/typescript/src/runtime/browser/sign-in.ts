import { clientError } from "../errors.js";
import { httpError, parseJson } from "../http-errors.js";
import { keepPageKey, pageHeaders, postJson } from "./page-key.js";

/** What sign-in needs of a page; `window` has it. */
export interface Page {
  location: { hash: string; origin: string; pathname: string; search: string };
  history: { replaceState(state: unknown, title: string, url: string): void };
}

const thisPage = globalThis as unknown as Page;

/**
 * Signs the page in with the ticket in its address (`#t=...`), which is removed from the address at once. The browser
 * keeps the cookie, and storage of the page's origin keeps the page key; both together are the credentials. False when
 * the address has no ticket: an earlier sign-in may still hold.
 */
export async function signIn(page: Page = thisPage): Promise<boolean> {
  const ticket = new URLSearchParams(page.location.hash.slice(1)).get("t");
  if (ticket === null || ticket === "") return false;
  const { origin, pathname, search } = page.location;
  page.history.replaceState(null, "", pathname + search);
  const answer = await reach(postJson(`${origin}/auth/sign-in`, { ticket }));
  if (answer.status !== 200) throw httpError(answer.status, answer.text, origin);
  const { page_key: key } = (parseJson(answer.text) ?? {}) as { page_key?: unknown };
  if (typeof key !== "string") throw httpError(answer.status, answer.text, origin);
  keepPageKey(key);
  return true;
}

/** Ends the session at the daemon, and forgets the page key in all pages of this origin whether that worked or not. */
export async function signOut(page: Pick<Page, "location"> = thisPage): Promise<void> {
  const { origin } = page.location;
  try {
    const { status, text } = await reach(
      pageHeaders(origin).then((headers) => postJson(`${origin}/auth/sign-out`, {}, headers)),
    );
    if (status >= 300) throw httpError(status, text, origin);
  } finally {
    keepPageKey(undefined);
  }
}

/** A fetch that fails by itself rejects with a TypeError. */
async function reach<T>(sent: Promise<T>): Promise<T> {
  try {
    return await sent;
  } catch (error) {
    if (error instanceof TypeError) throw clientError("daemon_unreachable", undefined, error);
    throw error;
  }
}
