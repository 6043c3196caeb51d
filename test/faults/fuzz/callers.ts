import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { mcpTools } from "../../../src/generated/mcp.js";
import { type OperationSpec, operations } from "../../../src/generated/operations.js";
import { restRoutes } from "../../../src/generated/rest.js";
import { answerGuardMs } from "../abuse/raw-client.js";
import { type Answer, answerOfFrame, type Frame } from "./answer.js";
import { type FuzzCase, parsed } from "./case.js";
import { restForm } from "./rest-form.js";
import { RpcSocket } from "./rpc-socket.js";
import { filled, type World } from "./world.js";

/** A way to say an input; undefined when it has no form there. */
export interface Caller {
  readonly name: "rest" | "rpc" | "post" | "mcp";
  /** What input that comes this way may call itself. */
  readonly source: string;
  call(input: FuzzCase, world: World): Promise<Answer | undefined>;
  close(): void;
}

interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export function httpCallers(address: string): Caller[] {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const close = (): void => agent.destroy();
  const send = (
    method: string,
    path: string,
    body: string | undefined,
    { acting, weak }: FuzzCase,
    world: World,
    streams = false,
  ): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest(address + path, {
        agent,
        method,
        timeout: answerGuardMs,
        headers: {
          authorization: `Bearer ${weak ? world.weakToken : world.token}`,
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...(acting ? { "parley-session": world.values.name } : {}),
        },
      });
      outgoing.once("response", (response) => {
        let text = "";
        const finish = (): void =>
          resolve({ status: response.statusCode!, headers: response.headers, body: text });
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
          // A stream that follows has no end of its own.
          if (streams && text.includes("event: stream_opened") && text.includes("\n\n")) {
            finish();
            outgoing.destroy();
          }
        });
        response.on("end", finish);
        response.on("error", reject);
      });
      outgoing.once("timeout", () => outgoing.destroy(new Error("no answer")));
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  const rest: Caller = {
    name: "rest",
    source: "webhook",
    async call(input, world) {
      const route = restRoutes.find(({ operation }) => operation === input.operation);
      const form = route && restForm(route, filled(input.text, world));
      if (route === undefined || form === undefined) return undefined;
      const { kind }: OperationSpec = operations[input.operation];
      const answer = await send(route.method, form.path, form.body, input, world, form.follows);
      const { status, body } = answer;
      if (status >= 400) return { error: body, status };
      if (status !== route.status) return { flaw: `status ${status} instead of ${route.status}` };
      const json = kind === "stream" ? /event: stream_opened\ndata: ([^\n]*)\n/.exec(body)?.[1] : body;
      return readJson(json ?? "", (response) => ({ response }));
    },
    close,
  };
  const post: Caller = {
    name: "post",
    source: "rpc",
    async call(input, world) {
      const { rpc, kind }: OperationSpec = operations[input.operation];
      const frame = rpcFrame(input, filled(input.text, world));
      if (rpc === null || kind === "stream" || frame === undefined) return undefined;
      const { status, body } = await send("POST", "/rpc", frame, input, world);
      return status >= 500 ? { error: body, status } : readJson(body, answerOfFrame);
    },
    close,
  };
  const mcp: Caller = {
    name: "mcp",
    source: "rpc",
    async call(input, world) {
      const tool = mcpTools.find(({ operation }) => operation === input.operation);
      if (tool === undefined) return undefined;
      const text = filled(input.text, world);
      if (tool.wrap === null && !isObject(text)) return undefined;
      const args = tool.wrap === null ? text : `{${JSON.stringify(tool.wrap)}:${text}}`;
      const frame = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool.name}","arguments":${args}}}`;
      if (!sameMeaning(text, frame, (whole) => inTool(whole, tool.wrap))) return undefined;
      const { status, body } = await send("POST", "/mcp", frame, input, world);
      return status >= 500 ? { error: body, status } : readJson(body, answerOfTool);
    },
    close,
  };
  return [rest, post, mcp];
}

export function rpcCaller(address: string): Caller {
  const sockets = new Map<string, RpcSocket>();
  return {
    name: "rpc",
    source: "rpc",
    async call(input, world) {
      const { rpc, kind }: OperationSpec = operations[input.operation];
      const frame = rpcFrame(input, filled(input.text, world));
      // `initialize` would change whom all later calls act as.
      if (rpc === null || rpc === "initialize" || frame === undefined) return undefined;
      const options = {
        token: input.weak ? world.weakToken : world.token,
        session: input.acting ? world.values.name! : undefined,
      };
      if (kind === "stream") {
        // A stream's reader comes and goes with its connection, as with server-sent events.
        using socket = new RpcSocket(address, options);
        return await socket.ask(frame, answerGuardMs);
      }
      const key = JSON.stringify(options);
      let socket = sockets.get(key);
      if (socket === undefined || socket.isClosed) {
        socket = new RpcSocket(address, options);
        sockets.set(key, socket);
      }
      return await socket.ask(frame, answerGuardMs);
    },
    close() {
      for (const socket of sockets.values()) socket[Symbol.dispose]();
    },
  };
}

/** The input as a JSON-RPC call; undefined when JSON-RPC has no form for it. */
function rpcFrame({ operation }: FuzzCase, text: string): string | undefined {
  const { rpc }: OperationSpec = operations[operation];
  const frame = `{"jsonrpc":"2.0","id":1,"method":"${rpc}","params":${text}}`;
  return sameMeaning(text, frame, (whole) => (whole as { params?: unknown }).params) && !isScalar(text)
    ? frame
    : undefined;
}

/** Whether text that was broken is still the same value, or none at all, inside an envelope. */
function sameMeaning(text: string, frame: string, inner: (whole: unknown) => unknown): boolean {
  const alone = parsed(text);
  const whole = parsed(frame);
  if (alone === undefined || whole === undefined) return alone === undefined && whole === undefined;
  return JSON.stringify(inner(whole.value)) === JSON.stringify(alone.value);
}

function inTool(whole: unknown, wrap: string | null): unknown {
  const args = (whole as { params?: { arguments?: Record<string, unknown> } }).params?.arguments;
  return wrap === null ? args : args?.[wrap];
}

function isScalar(text: string): boolean {
  const read = parsed(text);
  return read !== undefined && (typeof read.value !== "object" || read.value === null);
}

function isObject(text: string): boolean {
  const read = parsed(text);
  return read === undefined || (!isScalar(text) && !Array.isArray(read.value));
}

function readJson(body: string, then: (value: never) => Answer): Answer {
  const read = parsed(body);
  return read === undefined ? { flaw: `no JSON: ${body.slice(0, 200)}` } : then(read.value as never);
}

function answerOfTool(frame: Frame): Answer {
  const answer = answerOfFrame(frame);
  if (!("response" in answer)) return answer;
  const { structuredContent, isError } = frame.result!;
  return isError === true ? { error: JSON.stringify(structuredContent) } : { response: structuredContent };
}
