import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { errors } from "../../../src/generated/errors.js";
import { rawErrorFrame } from "../../../src/surfaces/json-rpc.js";
import { McpFault } from "../../../src/surfaces/mcp/fault.js";
import type { McpExchange, McpParams, McpResult } from "../../../src/surfaces/mcp/feature.js";

/** One question to a client of the stateless revisions. */
export interface InputRequest {
  method: string;
  params: object;
}

export type InputRequests = Readonly<Record<string, InputRequest>>;

const secret = randomBytes(32);
const clientCapabilities = "io.modelcontextprotocol/clientCapabilities";

/** Which capability a client must have to be asked. */
const needed: Readonly<Record<string, string>> = {
  "elicitation/create": "elicitation",
  "sampling/createMessage": "sampling",
  "roots/list": "roots",
};

export function elicit(message: string, properties: Readonly<Record<string, object>>): InputRequest {
  const requestedSchema = { type: "object", properties, required: Object.keys(properties) };
  return { method: "elicitation/create", params: { message, requestedSchema } };
}

export function sample(text: string, maxTokens: number): InputRequest {
  const messages = [{ role: "user", content: { type: "text", text } }];
  return { method: "sampling/createMessage", params: { messages, maxTokens } };
}

export const listRoots: InputRequest = { method: "roots/list", params: {} };

export function capabilitiesOf({ meta }: McpExchange): Readonly<Record<string, unknown>> {
  return (meta[clientCapabilities] ?? {}) as Record<string, unknown>;
}

/** The result that asks; questions that the client cannot answer are left out. `state` comes back signed. */
export function inputRequired(exchange: McpExchange, requests: InputRequests, state?: object): McpResult {
  const able = capabilitiesOf(exchange);
  const inputRequests = Object.fromEntries(
    Object.entries(requests).filter(([, { method }]) => able[needed[method]!] !== undefined),
  );
  const said = { inputRequests, ...(state === undefined ? {} : { requestState: sign(state) }) };
  return { fields: JSON.stringify(said).slice(1, -1), resultType: "input_required" };
}

/** The client's answers when each of the keys has one; undefined when one is missing or no object. */
export function answersTo(
  { inputResponses }: McpParams,
  keys: readonly string[],
): Readonly<Record<string, object>> | undefined {
  if (typeof inputResponses !== "object" || inputResponses === null) return undefined;
  const answers = inputResponses as Record<string, unknown>;
  const all = keys.every((key) => typeof answers[key] === "object" && answers[key] !== null);
  return all ? (answers as Record<string, object>) : undefined;
}

/** A field of what was filled into a form. */
export function filledIn(answer: object | undefined, field: string): string {
  const { content } = (answer ?? {}) as { content?: Record<string, unknown> };
  return String(content?.[field] ?? "nobody");
}

/** The state that came back; throws when it is not one of ours. */
export function stateOf({ requestState }: McpParams): Readonly<Record<string, unknown>> | undefined {
  if (requestState === undefined) return undefined;
  const [body = "", mac = ""] = String(requestState).split(".");
  const expected = macOf(body);
  const given = Buffer.from(mac, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw McpFault.params(200, {
      field: "requestState",
      issue: "invalid_value",
      expected: "the state as it was given",
      got: "another",
    });
  }
  return JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Record<string, unknown>;
}

/** Throws what a request gets whose client cannot do what it takes. */
export function requireCapability(exchange: McpExchange, name: string): void {
  if (capabilitiesOf(exchange)[name] !== undefined) return;
  const message = `The client must have the capability ${name}`;
  const data = JSON.stringify({ requiredCapabilities: { [name]: {} } });
  throw new McpFault(errors.invalid_request.http, message, (id) => rawErrorFrame(id, -32021, message, data));
}

function sign(state: object): string {
  const body = Buffer.from(JSON.stringify({ ...state, nonce: randomBytes(8).toString("hex") })).toString(
    "base64url",
  );
  return `${body}.${macOf(body).toString("base64url")}`;
}

function macOf(body: string): Buffer {
  return createHmac("sha256", secret).update(body).digest();
}
