import { clientError } from "../errors.js";
import { httpError } from "../http-errors.js";

/** What sign-in needs of a page; `window` has it. */
export interface Page {
  location: { hash: string; origin: string; pathname: string; search: string };
  history: { replaceState(state: unknown, title: string, url: string): void };
}

const thisPage = globalThis as unknown as Page;

/**
 * Signs the page in by the ticket in its address (`#t=...`), which is taken out of the address at once. False when
 * there is none: the cookie of an earlier sign-in may still hold.
 */
export async function signIn(page: Page = thisPage): Promise<boolean> {
  const ticket = new URLSearchParams(page.location.hash.slice(1)).get("t");
  if (ticket === null || ticket === "") return false;
  const { origin, pathname, search } = page.location;
  page.history.replaceState(null, "", pathname + search);
  await post(`${origin}/auth/sign-in`, { ticket });
  return true;
}

/** Ends the cookie's session. */
export async function signOut(page: Pick<Page, "location"> = thisPage): Promise<void> {
  await post(`${page.location.origin}/auth/sign-out`, {});
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    credentials: "same-origin",
    redirect: "error",
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    throw clientError("daemon_unreachable", undefined, error);
  });
  if (!response.ok) throw httpError(response.status, await response.text(), url);
}
