import { operations } from "../../../src/generated/operations.js";
import { rawRoutes } from "../../../src/generated/raw.js";
import { restRoutes } from "../../../src/generated/rest.js";
import { flawOf, shortOf } from "./judge.js";
import { http, RawClient } from "./raw-client.js";

export interface WalkTarget {
  port: number;
  /** A bearer token that may do everything. */
  token: string;
  /** Tokens that prove nothing, by what is wrong with them. */
  deadTokens: Readonly<Record<string, string>>;
  /** A browser's sign-in, of which callers show parts. */
  page: { cookie: string; pageKey: string };
}

type Header = readonly [name: string, value: string];

interface Caller {
  name: string;
  headers: readonly Header[];
  /** Host or Origin alone refuse it, whatever else it brings. */
  foreign: boolean;
  /** It sends the Origin of a page of the daemon. */
  page?: boolean;
  /** It sends the cookie of a sign-in: a WebSocket may open, to prove the page key in its first frame. */
  cookie?: boolean;
}

interface Place {
  path: string;
  /** Methods that somebody without credentials may use. */
  open: ReadonlySet<string>;
  /** Any WebSocket is taken: it proves its keys inside. */
  heard: boolean;
  /** Only pages of the daemon call it, and need nothing but their Origin to be answered. */
  forPages: boolean;
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];

const upgrades: Readonly<Record<string, readonly Header[]>> = {
  none: [],
  websocket: [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="],
  ],
  h2c: [
    ["Connection", "Upgrade, HTTP2-Settings"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "AAMAAABkAAQAAP__"],
  ],
};

/**
 * Every route of the generated tables, with every method and upgrade, asked for by callers who must be refused. Tells
 * how many were, and what was not.
 */
export async function walk(target: WalkTarget): Promise<{ walked: number; broken: string[] }> {
  const broken: string[] = [];
  const steps: (() => Promise<void>)[] = [];
  for (const place of places())
    for (const method of methods)
      for (const [upgrade, upgradeHeaders] of Object.entries(upgrades))
        for (const caller of callers(target))
          steps.push(async () => {
            // Another protocol than WebSocket is an offer that changes nothing.
            const taken = upgrade === "websocket" ? upgrade : "none";
            const headOnly = method === "HEAD" && taken === "none";
            const outcome = await ask(
              target.port,
              http(method, place.path, [...caller.headers, ...upgradeHeaders]),
              headOnly,
            );
            const flaw = verdict(outcome, caller, place, method, taken, headOnly);
            if (flaw !== undefined)
              broken.push(`${caller.name}: ${method} ${place.path} (upgrade ${upgrade}): ${flaw}`);
          });
  const walked = steps.length;
  const walker = async (): Promise<void> => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
  };
  await Promise.all(Array.from({ length: 16 }, walker));
  return { walked, broken: broken.sort() };
}

async function ask(port: number, bytes: Buffer, headOnly: boolean) {
  using client = new RawClient({ port });
  await client.opened;
  client.write(bytes);
  return await client.replies(1, { headOnly });
}

function verdict(
  { replies, hung }: Awaited<ReturnType<RawClient["replies"]>>,
  caller: Caller,
  { path, open, heard, forPages }: Place,
  method: string,
  upgrade: "none" | "websocket",
  headOnly: boolean,
): string | undefined {
  const [reply] = replies;
  if (hung || reply === undefined) return hung ? "no answer" : "closed without an answer";
  const flaw = flawOf(reply, { headOnly });
  if (flaw !== undefined) return flaw;
  const { status } = reply;
  if (!path.startsWith("/")) return status === 400 ? undefined : `answered ${shortOf(reply)}`;
  // An upgrade that nobody takes is refused before anybody asks who wants it.
  const allowed = caller.foreign ? (upgrade === "websocket" ? [403, 404] : [403]) : [401, 403, 404, 405];
  if (allowed.includes(status)) return undefined;
  const handshake = method === "GET" ? 101 : 400;
  if (heard && !caller.foreign && status === (upgrade === "none" ? 400 : handshake)) return undefined;
  // The cookie gets as far as the handshake, where a malformed one is refused.
  if (path === "/rpc" && caller.cookie && upgrade !== "none" && status === handshake) return undefined;
  // What a page may ask for without credentials: a body that is no JSON signs nothing in, and signing out is done.
  if (forPages && caller.page && method === "POST" && upgrade === "none" && [200, 204, 415].includes(status))
    return undefined;
  const isOpen = !caller.foreign && upgrade === "none" && open.has(method);
  return isOpen && status === 200 ? undefined : `answered ${shortOf(reply)}`;
}

/** Who must never get in: without credentials, with dead ones, or with good ones out of a foreign page. */
function callers({ token, deadTokens, page }: WalkTarget): Caller[] {
  const good: Header = ["Authorization", `Bearer ${token}`];
  const foreign = (name: string, ...headers: Header[]): Caller => ({
    name,
    headers: [good, ...headers],
    foreign: true,
  });
  return [
    { name: "no credentials", headers: [], foreign: false },
    ...Object.entries(deadTokens).map(([name, dead]) => ({
      name: `${name} token`,
      headers: [["Authorization", `Bearer ${dead}`] as const],
      foreign: false,
    })),
    ...partsOf(page),
    foreign("rebound Host", ["Host", "attacker.test"]),
    foreign("Host that begins like loopback", ["Host", "127.evil.test"]),
    foreign("Host that ends like localhost", ["Host", "localhost.evil.test"]),
    foreign("foreign Origin", ["Origin", "https://attacker.test"]),
    foreign("null Origin", ["Origin", "null"]),
    foreign("Origin of another port", ["Origin", "http://127.0.0.1:1"]),
  ];
}

/** Callers with some of the three things that a page of the daemon sends, never all of them. */
function partsOf({ cookie, pageKey }: WalkTarget["page"]): Caller[] {
  const origin: Header = ["Origin", "http://127.0.0.1"];
  const withCookie: Header = ["Cookie", cookie];
  const withKey = (key: string): Header => ["Parley-Page-Key", key];
  return [
    { name: "cookie alone", headers: [withCookie], foreign: false },
    { name: "cookie and Origin", headers: [withCookie, origin], foreign: false, page: true, cookie: true },
    {
      name: "cookie, Origin and another page key",
      headers: [withCookie, origin, withKey(pageKey.replace(/.$/, (last) => (last === "a" ? "b" : "a")))],
      foreign: false,
      page: true,
      cookie: true,
    },
    { name: "page key and Origin", headers: [origin, withKey(pageKey)], foreign: false, page: true },
    { name: "cookie and page key", headers: [withCookie, withKey(pageKey)], foreign: false },
    {
      name: "cookie and page key from another port",
      headers: [withCookie, withKey(pageKey), ["Sec-Fetch-Site", "same-site"]],
      foreign: false,
    },
  ];
}

/** Every path of the tables, and some of none. */
function places(): Place[] {
  const found = new Map<string, Set<string>>();
  const forPages = new Set(rawRoutes.filter(({ origin }) => origin === "require").map(({ path }) => path));
  const add = (path: string, open: readonly string[]): void => {
    const methodsThere = found.get(path) ?? new Set();
    for (const method of open) methodsThere.add(method);
    found.set(path, methodsThere);
  };
  for (const { path, method, operation } of restRoutes) {
    const isOpen = operations[operation].scope === null;
    add(path.replaceAll(/:[a-z_]+/g, "x"), isOpen ? [method, "HEAD"] : []);
  }
  for (const { path, prefixes, methods: taken, credentials, origin } of rawRoutes) {
    const isOpen = credentials.length === 0 && origin !== "require";
    for (const one of [path, ...prefixes.map((prefix) => `${prefix}x`)])
      add(one, isOpen ? [...taken, "HEAD"] : []);
  }
  for (const path of [
    "/nowhere",
    "/__proto__",
    "/constructor",
    "//status",
    "/status/",
    "/STATUS",
    "/.%2e/status",
    "*",
  ])
    add(path, []);
  return [...found].map(([path, open]) => ({
    path,
    open,
    heard: rawRoutes.some(
      (route) => route.path === path && route.upgrade !== null && route.credentials.length === 0,
    ),
    forPages: forPages.has(path),
  }));
}
