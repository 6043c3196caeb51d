import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { localPrincipal } from "../../auth/authenticator.js";
import { errors } from "../../generated/errors.js";
import type { Transport } from "../../kernel/authentication.js";
import { systemClock } from "../../kernel/clock.js";
import type { Principal } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import { createDispatch } from "../../kernel/dispatch.js";
import type { HandlerTable } from "../../kernel/handlers.js";
import { systemIds } from "../../kernel/ids.js";
import { silentLogger } from "../../kernel/logger.js";
import type { RawCall } from "../../kernel/raw.js";
import { createValidators } from "../../kernel/validate.js";
import { requireJson } from "../http/body.js";
import { createInboxResource, type InboxPort } from "./inbox-resource.js";
import { createResources } from "./resources.js";
import { createMcpSurface } from "./surface.js";
import { createTools } from "./tools.js";

export const envelopeId = "0199f3a0-4c40-7b22-9a33-0c4d5e6f7a8b";
export const message = { kind: "peer_message", to: "echo", body: "hi" } as const;
export const receipt = {
  kind: "peer_message_sent",
  envelope_id: envelopeId,
  interaction_id: "0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f",
  acked: true,
  delivery: { state: "delivered", at: "2026-11-21T09:30:00.000Z", attempt: 1 },
  deduplicated: false,
} as const;
export const noPeers = { peers: [], generation: 7 };

const validators = createValidators();

const answering: Partial<HandlerTable> = {
  "comms.peers": async () => noPeers,
  "comms.send": async (request) => {
    if (request.kind === "peer_message" && request.to === "echo") return receipt;
    throw new ContractError("peer_not_found");
  },
};

/** Nobody has one. */
const noInboxes: InboxPort = {
  read: async () => Promise.reject(new ContractError("session_not_found")),
  watch: async () => Promise.reject(new ContractError("session_not_found")),
};

export interface McpReply {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON, undefined when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers has any shape
  json: any;
}

export interface TestServer extends AsyncDisposable {
  readonly url: URL;
  post(body: unknown, headers?: Record<string, string>): Promise<McpReply>;
  fetch(init: RequestInit): Promise<McpReply>;
  /** Ends the streams, as a daemon that stops. */
  stop(): void;
}

export interface TestServerOptions {
  handlers?: Partial<HandlerTable>;
  /** What the inboxes are. */
  inboxes?: InboxPort;
  /** Who calls. */
  principal?: Principal;
  /** Whether the server takes its clients for those of the unix socket. */
  transport?: Transport;
}

/** A real HTTP server with the surface at every path and fake handlers behind the real dispatch. */
export async function startServer({
  handlers = answering,
  inboxes = noInboxes,
  principal = localPrincipal,
  transport = "tcp",
}: TestServerOptions = {}): Promise<TestServer> {
  const ambient = { clock: systemClock, ids: systemIds(systemClock), log: silentLogger };
  const sessionOwner = (): undefined => undefined;
  const dispatch = createDispatch({ handlers: handlers as HandlerTable, validators, sessionOwner });
  const inbox = createInboxResource({ inboxes, sessionOwner });
  const surface = createMcpSurface({
    ambient,
    version: "0.3.0",
    features: [createTools(dispatch), createResources(inbox)],
  });
  const server = createServer(async (request, response) => {
    const readBody = async (): Promise<Buffer> => {
      requireJson(request);
      return Buffer.concat(await request.toArray());
    };
    const raw: RawCall = {
      requestId: ambient.ids.uuid(),
      transport,
      principal,
      path: "/mcp",
      readBody,
    };
    try {
      await surface.serve(request, response, raw);
    } catch (thrown) {
      const error = ContractError.from(thrown);
      response.writeHead(errors[error.code].http).end(JSON.stringify(error.toPayload(raw.requestId)));
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const send = async (init: RequestInit): Promise<McpReply> => {
    const response = await fetch(url, init);
    const text = await response.text();
    const json = text === "" ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, text, json };
  };
  return {
    url,
    fetch: send,
    stop: () => surface.close(),
    post: (body, headers = {}) =>
      send({
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
