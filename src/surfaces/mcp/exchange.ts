import type { ServerResponse } from "node:http";
import type { Call } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import { invalidRpc, type RpcId } from "../json-rpc.js";
import { EventStream } from "./event-stream.js";
import type { McpExchange, McpParams } from "./feature.js";
import { sessionHeader } from "./headers.js";
import { metaOf } from "./message.js";
import type { McpSession, McpSessions } from "./sessions.js";

export interface ExchangeOptions {
  id: RpcId;
  call: Call;
  stateless: boolean;
  params: McpParams;
  /** Id of the session that the request names. */
  session: string | undefined;
  sessions: McpSessions;
  response: ServerResponse | undefined;
  /** Told when the answer becomes a stream. */
  onStream: (call: Call) => void;
}

/** One request over HTTP. */
export class Exchange implements McpExchange {
  readonly id: RpcId;
  readonly call: Call;
  readonly stateless: boolean;
  readonly #options: ExchangeOptions;
  /** The stream that the answer became. */
  opened: EventStream | undefined;

  constructor(options: ExchangeOptions) {
    this.id = options.id;
    this.call = options.call;
    this.stateless = options.stateless;
    this.#options = options;
  }

  get meta(): McpParams {
    return metaOf(this.#options.params);
  }

  session(): McpSession {
    const { session, sessions } = this.#options;
    if (session === undefined) {
      const expected = "the Mcp-Session-Id that initialize answered with";
      const details = [{ field: sessionHeader, issue: "missing_field" as const, expected, got: "absent" }];
      throw new ContractError("invalid_request", { details });
    }
    return sessions.get(session, this.call);
  }

  stream(): EventStream {
    if (this.opened !== undefined) return this.opened;
    const { response, onStream } = this.#options;
    if (response === undefined) throw invalidRpc("", "a message of its own", "a part of a batch");
    this.opened = new EventStream(response, this.call);
    const { principal } = this.call;
    const cancel = (): void => this.call.cancel();
    principal?.ended.addEventListener("abort", cancel, { once: true });
    response.once("close", () => principal?.ended.removeEventListener("abort", cancel));
    onStream(this.call);
    return this.opened;
  }
}
