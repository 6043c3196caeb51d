import { clientError, errorFrom } from "../errors.js";
import { httpError, parseJson } from "../http-errors.js";
import type { ParleyError } from "../parley-error.js";

/** Carries the page key beside the cookie. */
export const pageKeyHeader = "parley-page-key";

const item = "parley.page-key";

interface PageGlobals {
  location?: { origin: string };
  localStorage?: {
    getItem(name: string): string | null;
    setItem(name: string, value: string): void;
    removeItem(name: string): void;
  };
}

const globals = globalThis as unknown as PageGlobals;
/** For pages whose browser keeps nothing: such a page is signed in until it is loaded again. */
let kept: string | undefined;

/** The second secret of this page's sign-in; undefined when there is none, and for a daemon of another origin. */
export function readPageKey(origin: string): string | undefined {
  if (origin !== globals.location?.origin) return undefined;
  try {
    return globals.localStorage?.getItem(item) ?? kept;
  } catch {
    return kept;
  }
}

/** Keeps the key in storage bound to the page's origin, for all its pages; undefined removes it. */
export function keepPageKey(key: string | undefined): void {
  kept = key;
  try {
    if (key === undefined) globals.localStorage?.removeItem(item);
    else globals.localStorage?.setItem(item, key);
  } catch {
    // Storage is closed to this page.
  }
}

/** The refusal of a call by a page whose sign-in has ended, or that never had one. */
export function notSignedIn(): ParleyError {
  return clientError(
    "unauthenticated",
    "This page is not signed in. Run `parley console` in a terminal and open the address that it prints.",
  );
}

/** A question that only the daemon of the sign-in can answer. */
export interface Challenge {
  nonce: string;
  /** Throws `daemon_unreachable` unless the answer, a JSON object with the proof, is that daemon's. */
  check(answer: string): void;
}

/**
 * Asks the server at the page's origin to prove that it is the daemon that signed the page in: while the daemon is down
 * another program may have its port, and is the same origin to the browser. Undefined for a page that came over plain
 * HTTP from another machine: it has no `crypto.subtle`, and whoever can take its port can read its requests anyway.
 */
export async function challengeFor(server: string, key: string): Promise<Challenge | undefined> {
  const { subtle } = globalThis.crypto;
  if (subtle === undefined) return undefined;
  const nonce = base64url(globalThis.crypto.getRandomValues(new Uint8Array(32)));
  const hashed = await subtle.digest("SHA-256", bytesOf(key));
  const hmac = await subtle.importKey("raw", hashed, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const expected = base64url(new Uint8Array(await subtle.sign("HMAC", hmac, bytesOf(nonce))));
  return {
    nonce,
    check(answer) {
      const { proof } = (parseJson(answer) ?? {}) as { proof?: unknown };
      if (proof !== expected) throw foreign(server);
    },
  };
}

/** Throws unless the server answers as the daemon of the sign-in: `unauthenticated` when that has ended. */
export async function proveDaemon(origin: string, key: string, signal?: AbortSignal): Promise<void> {
  const challenge = await challengeFor(origin, key);
  if (challenge === undefined) return;
  const { nonce } = challenge;
  const { status, text } = await postJson(`${origin}/auth/prove`, { nonce }, {}, signal);
  if (status === 401) throw notSignedIn();
  if (status !== 200) throw httpError(status, text, origin);
  challenge.check(text);
}

function foreign(server: string): ParleyError {
  return errorFrom({
    code: "daemon_unreachable",
    message: `Another program answers at ${server}: it is not the daemon that this page is signed in to.`,
    details: [{ field: "proof", issue: "invalid_value", expected: "the daemon's proof", got: "another" }],
    retryable: true,
  });
}

/**
 * The header with the page key for a request to the origin, once its daemon has proven itself; none for a page that is
 * not signed in, and for another origin. The request follows the proof at once, on the same connection when the browser
 * keeps it. A WebSocket leaves no moment between the two.
 */
export async function pageHeaders(origin: string, signal?: AbortSignal): Promise<Record<string, string>> {
  const key = readPageKey(origin);
  if (key === undefined) return {};
  await proveDaemon(origin, key, signal);
  return { [pageKeyHeader]: key };
}

/** Posts JSON with the page's cookie; follows no redirect. */
export async function postJson(
  url: string,
  body: object,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<{ status: number; text: string }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
  return { status: response.status, text: await response.text() };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
