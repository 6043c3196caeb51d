import { WebSocket } from "ws";
import { localCall } from "../../support/daemon.js";
import type { Callee, Outcomes } from "./clients.js";
import type { Program } from "./contract-tree.js";

type Version = Pick<Program, "contract" | "digest">;

interface Fault {
  code: string;
  message: string;
}

/** Every wire without any of our clients; `caller` is what the caller says of itself, if anything. */
export async function wires(callee: Callee, caller?: Version): Promise<Outcomes> {
  const version = caller && { contract: caller.contract, digest: caller.digest };
  const headers = version && { "parley-contract": version.contract, "parley-digest": version.digest };
  const hello = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { client: { name: "raw" }, ...version },
  };
  const post = (
    path: string,
    body: unknown,
    more: Record<string, string> = {},
  ): ReturnType<typeof localCall> => localCall(callee.socketPath, "POST", path, body, more);
  const outcomes: Outcomes = {
    "REST GET": restOutcome(await localCall(callee.socketPath, "GET", "/comms/peers", undefined, headers)),
    "REST POST": restOutcome(
      await post("/comms/send", { kind: "peer_message", to: callee.name, body: "x" }, headers),
    ),
    "RPC over HTTP": rpcOutcome((await post("/rpc", hello)).body),
    "RPC hello on a WebSocket": await socketOutcome(callee, hello),
    "RPC upgrade of a WebSocket": await socketOutcome(callee, { ...hello, params: {} }, headers),
    "a frame too old to be read": rpcOutcome((await post("/rpc", { ...hello, jsonrpc: undefined })).body),
  };
  if (version === undefined) {
    delete outcomes["a frame too old to be read"];
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "peers", arguments: {} } };
    outcomes.MCP = rpcOutcome(
      (await post("/mcp", call, { accept: "application/json, text/event-stream" })).body,
    );
  }
  return outcomes;
}

function restOutcome({ status, body }: { status: number; body: unknown }): string {
  return status < 300 ? "works" : say(body as Fault);
}

function rpcOutcome(answer: unknown): string {
  const { error } = answer as { error?: { data?: Fault; message: string } };
  return error === undefined ? "works" : error.data ? say(error.data) : error.message;
}

function say({ code, message }: Fault): string {
  return `${code}: ${message}`;
}

/** What the first frame on a new WebSocket is answered, or the refusal of the upgrade. */
function socketOutcome(
  { socketPath }: Callee,
  frame: unknown,
  headers?: Record<string, string>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws+unix:${socketPath}:/rpc`, headers === undefined ? {} : { headers });
    socket.on("open", () => socket.send(JSON.stringify(frame)));
    socket.on("message", (data) => {
      resolve(rpcOutcome(JSON.parse(String(data))));
      socket.close();
    });
    socket.on("unexpected-response", (_, response) => {
      let text = "";
      response.on("data", (part) => (text += part));
      response.on("end", () => {
        resolve(restOutcome({ status: response.statusCode!, body: JSON.parse(text) }));
        socket.terminate();
      });
    });
    socket.on("error", reject);
  });
}
