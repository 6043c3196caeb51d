import type { Ambient, Call } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import { decodeJson } from "../../kernel/json.js";
import { partOf } from "../http/raw-call.js";
import { errorFrame } from "../json-rpc.js";
import { type ExchangeOptions, RpcExchange } from "./exchange.js";
import type { RpcLimits } from "./limits.js";

export interface PostOptions extends ExchangeOptions {
  ambient: Ambient;
  limits: RpcLimits;
}

/** Answers one POSTed message or batch; undefined when nothing is to be said. Each call in it acts as `call` does. */
export async function answerPost(
  body: Buffer,
  call: Call,
  options: PostOptions,
): Promise<string | undefined> {
  let frame: unknown;
  try {
    frame = decodeJson(body, options.limits.frameBytes);
  } catch (thrown) {
    return errorFrame(null, ContractError.from(thrown), call.requestId);
  }
  const batch = Array.isArray(frame);
  const newCall = (): Call => (batch ? partOf(call, options.ambient) : call);
  const exchange = new RpcExchange(options, { newCall });
  const abort = (): void => exchange.cancelAll();
  if (batch) call.signal.addEventListener("abort", abort, { once: true });
  return exchange.answer(frame);
}
