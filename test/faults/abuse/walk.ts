import { operations } from "../../../src/generated/operations.js";
import { rawRoutes } from "../../../src/generated/raw.js";
import { restRoutes } from "../../../src/generated/rest.js";
import { flawOf, shortOf } from "./judge.js";
import { http, RawClient } from "./raw-client.js";

export interface WalkTarget {
  port: number;
  /** A bearer token that may do everything. */
  token: string;
  /** Tokens that prove nobody, by what is wrong with them. */
  deadTokens: Readonly<Record<string, string>>;
}

type Header = readonly [name: string, value: string];

interface Caller {
  name: string;
  headers: readonly Header[];
  /** Host or Origin alone refuse it, whatever else it brings. */
  foreign: boolean;
}

interface Place {
  path: string;
  /** Methods that somebody without credentials may use. */
  open: ReadonlySet<string>;
  /** Whoever comes by WebSocket is heard: it proves its keys inside. */
  heard: boolean;
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
            const headOnly = method === "HEAD" && upgrade === "none";
            const outcome = await ask(
              target.port,
              http(method, place.path, [...caller.headers, ...upgradeHeaders]),
              headOnly,
            );
            const flaw = verdict(outcome, caller, place, method, upgrade, headOnly);
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
  { path, open, heard }: Place,
  method: string,
  upgrade: string,
  headOnly: boolean,
): string | undefined {
  const [reply] = replies;
  if (hung || reply === undefined) return hung ? "no answer" : "closed without an answer";
  const flaw = flawOf(reply, { headOnly });
  if (flaw !== undefined) return flaw;
  const { status } = reply;
  if (!path.startsWith("/")) return status === 400 ? undefined : `answered ${shortOf(reply)}`;
  // An upgrade that nobody takes is refused before anybody asks who wants it.
  const allowed = caller.foreign ? (upgrade === "none" ? [403] : [403, 404]) : [401, 403, 404, 405];
  if (allowed.includes(status)) return undefined;
  if (heard && !caller.foreign && status === (method === "GET" && upgrade === "websocket" ? 101 : 400))
    return undefined;
  const isOpen = !caller.foreign && upgrade === "none" && open.has(method);
  return isOpen && status === 200 ? undefined : `answered ${shortOf(reply)}`;
}

/** Who must never get in: without credentials, with dead ones, or with good ones out of a foreign page. */
function callers({ token, deadTokens }: WalkTarget): Caller[] {
  const good: Header = ["Authorization", `Bearer ${token}`];
  const foreign = (name: string, ...headers: Header[]): Caller => ({
    name,
    headers: [good, ...headers],
    foreign: true,
  });
  return [
    { name: "nobody", headers: [], foreign: false },
    ...Object.entries(deadTokens).map(([name, dead]) => ({
      name: `${name} token`,
      headers: [["Authorization", `Bearer ${dead}`] as const],
      foreign: false,
    })),
    foreign("rebound Host", ["Host", "attacker.test"]),
    foreign("Host that begins like loopback", ["Host", "127.evil.test"]),
    foreign("Host that ends like localhost", ["Host", "localhost.evil.test"]),
    foreign("foreign Origin", ["Origin", "https://attacker.test"]),
    foreign("null Origin", ["Origin", "null"]),
    foreign("Origin of another port", ["Origin", "http://127.0.0.1:1"]),
  ];
}

/** Every path of the tables, and some of none. */
function places(): Place[] {
  const found = new Map<string, Set<string>>();
  const add = (path: string, open: readonly string[]): void => {
    const methodsThere = found.get(path) ?? new Set();
    for (const method of open) methodsThere.add(method);
    found.set(path, methodsThere);
  };
  for (const { path, method, operation } of restRoutes) {
    const isOpen = operations[operation].scope === null;
    add(path.replaceAll(/:[a-z_]+/g, "x"), isOpen ? [method, "HEAD"] : []);
  }
  for (const { path, prefixes, methods: taken, scope, authenticated, origin } of rawRoutes) {
    const isOpen = scope === null && !authenticated && origin !== "require";
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
  return [...found].map(([path, open]) => ({ path, open, heard: path === "/link" }));
}
