import { request } from "node:http";
import { WebSocket } from "ws";
import { operations } from "../../../../src/generated/operations.js";
import { restRoutes } from "../../../../src/generated/rest.js";

/** How long a WebSocket may stay open that proves nothing, with time for a busy machine. */
const unprovenMs = 5_000 + 3_000;

const send = { kind: "peer_message", to: "victim", body: "replayed" };
const call = (method: string, params: object = {}): object => ({ jsonrpc: "2.0", id: 1, method, params });

const calls: readonly (readonly [method: string, path: string, body?: object | undefined])[] = [
  ...restRoutes
    .filter(({ operation }) => operations[operation].scope !== null)
    .map(({ method, path }) => [method, path.replaceAll(/:[a-z_]+/g, "x"), bodyOf(method, path)] as const),
  ["GET", "/metrics"],
  ["GET", "/mcp"],
  ["POST", "/rpc", call("initialize", { contract: "0.3.0" })],
  ["POST", "/rpc", call("comms/send", send)],
  ["POST", "/rpc", [call("sessions/list"), call("system/create_ticket")]],
  ["POST", "/mcp", call("ping")],
  ["POST", "/mcp", call("tools/call", { name: "send", arguments: { command: send } })],
  ["POST", "/auth/sign-out", {}],
];

function bodyOf(method: string, path: string): object | undefined {
  if (method !== "POST") return undefined;
  return path === "/comms/send" ? send : { name: "thief", scopes: ["system:admin"] };
}

/** Headers with which the thief pretends to be the page. */
function disguises(address: string, cookie: string, keys: readonly string[]): Record<string, string>[] {
  const { host } = new URL(address);
  const asPage = { cookie, host, origin: address, referer: `${address}/`, "sec-fetch-site": "same-origin" };
  return [
    { cookie, host },
    { cookie, host, "sec-fetch-site": "none" },
    { cookie, host, "sec-fetch-site": "same-origin" },
    asPage,
    ...keys.map((key) => ({ ...asPage, "parley-page-key": key })),
    ...keys.map((key) => ({ ...asPage, authorization: `Bearer ${key}` })),
  ];
}

/** Uses everything that the hostile server received, from outside a browser. Returns what it achieved. */
export async function replay(address: string, cookie: string): Promise<{ tried: number; broken: string[] }> {
  const broken: string[] = [];
  const value = cookie.split("=")[1] ?? "";
  const keys = ["", "x", value, await answerOf(address, cookie)];
  let tried = 0;
  for (const headers of disguises(address, cookie, keys)) {
    for (const [method, path, body] of calls) {
      const { status, text } = await ask(address, method, path, body, headers);
      tried += 1;
      // Signing out without the page key answers as always and ends nothing, which the caller checks.
      const refused = status === 401 || status === 403 || (path === "/auth/sign-out" && status === 204);
      if (!refused)
        broken.push(
          `${method} ${path} with ${Object.keys(headers)} answered ${status} ${text.slice(0, 100)}`,
        );
    }
  }
  const firstFrames = [
    [],
    ["[]"],
    [JSON.stringify(call("initialize", { contract: "0.3.0" })), JSON.stringify(call("comms/send", send))],
    ...keys.map((key) => [JSON.stringify({ page_key: key }), JSON.stringify(call("comms/send", send))]),
    ["x".repeat(5_000)],
  ];
  const sockets = await Promise.all(firstFrames.map((frames) => speak(address, cookie, frames)));
  for (const flaw of sockets) if (flaw !== undefined) broken.push(flaw);
  return { tried: tried + sockets.length, broken };
}

/** What the daemon answers to a challenge: the thief may ask for it and tries it as a key. */
async function answerOf(address: string, cookie: string): Promise<string> {
  const headers = { cookie, origin: address, host: new URL(address).host };
  const { text } = await ask(address, "POST", "/auth/prove", { nonce: "A".repeat(43) }, headers);
  try {
    return String((JSON.parse(text) as { proof?: unknown }).proof ?? "y");
  } catch {
    return "y";
  }
}

function ask(
  address: string,
  method: string,
  path: string,
  body: object | undefined,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const accept = path === "/mcp" ? { accept: "application/json, text/event-stream" } : {};
    const outgoing = request(new URL(path, address), { method, headers: { ...json, ...accept, ...headers } });
    outgoing.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        // An event stream that opened would not end by itself.
        if (response.headers["content-type"]?.startsWith("text/event-stream")) outgoing.destroy();
      });
      response.on("close", () => resolve({ status: response.statusCode!, text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Speaks over a WebSocket opened with the cookie; returns what went wrong. */
function speak(address: string, cookie: string, frames: readonly string[]): Promise<string | undefined> {
  const what = `a WebSocket that began with ${JSON.stringify(frames).slice(0, 80)}`;
  const ws = new WebSocket(`${address.replace("http", "ws")}/rpc`, { headers: { cookie, origin: address } });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      ws.terminate();
      resolve(`${what} stayed open`);
    }, unprovenMs);
    const end = (flaw?: string): void => {
      clearTimeout(timer);
      ws.terminate();
      resolve(flaw);
    };
    ws.on("open", () => {
      for (const frame of frames) ws.send(frame);
    });
    ws.on("message", (data) => end(`${what} was answered ${String(data).slice(0, 100)}`));
    ws.on("error", () => undefined);
    ws.on("close", () => end());
  });
}
