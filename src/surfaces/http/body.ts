import type { IncomingMessage } from "node:http";
import { ContractError } from "../../kernel/contract-error.js";
import { payloadTooLarge } from "../../kernel/json.js";

/**
 * Collects the whole body and hands it over, or `payload_too_large` as soon as it is known to be too big, announced or
 * not. When the client goes away first, nothing is called.
 */
export function collectBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: Buffer | ContractError) => void,
): void {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    done(payloadTooLarge(maxBytes));
    return;
  }
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let size = 0;
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > maxBytes) {
      request.off("data", onData);
      request.off("end", onEnd);
      done(payloadTooLarge(maxBytes));
    } else if (first === undefined) {
      first = chunk;
    } else {
      more ??= [first];
      more.push(chunk);
    }
  };
  const onEnd = (): void => done(more === undefined ? (first ?? nothing) : Buffer.concat(more, size));
  request.on("data", onData);
  request.on("end", onEnd);
}

const nothing = Buffer.alloc(0);

/** Reads the whole body; rejects with `payload_too_large`, or with `request_cancelled` when the client goes away first. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    request.once("close", () => {
      if (!request.complete) {
        reject(new ContractError("request_cancelled"));
      }
    });
    collectBody(request, maxBytes, (body) => (body instanceof ContractError ? reject(body) : resolve(body)));
  });
}

/** Throws `unsupported_media_type` unless the body is plain JSON; a form or a text is what a foreign page could send unasked. */
export function requireJson(request: IncomingMessage): void {
  const type = request.headers["content-type"];
  const encoding = request.headers["content-encoding"];
  const isPlain = encoding === undefined || encoding.toLowerCase() === "identity";
  if (isPlain && (type === "application/json" || (type !== undefined && jsonType.test(type)))) {
    return;
  }
  throw isPlain
    ? unsupported("content-type", "application/json", type)
    : unsupported("content-encoding", "identity", encoding);
}

/** Throws `unsupported_media_type` unless the body has one of the types, of which `image/*` names every subtype. */
export function requireMediaType(request: IncomingMessage, types: readonly string[]): void {
  const type = request.headers["content-type"];
  const essence = type?.split(";", 1)[0]?.trim().toLowerCase();
  // JSON is bound more tightly: neither another charset nor a compressed body is read.
  const isJsonOnly = types.length === 1 && types[0] === "application/json";
  if (isJsonOnly || (essence === "application/json" && types.includes(essence))) {
    requireJson(request);
    return;
  }
  const fits = (one: string): boolean =>
    one.endsWith("/*") ? essence?.startsWith(one.slice(0, -1)) === true : one === essence;
  if (!types.some(fits)) throw unsupported("content-type", types.join(", "), type);
}

function unsupported(field: string, expected: string, got = "absent"): ContractError {
  return new ContractError("unsupported_media_type", {
    details: [{ field, issue: "invalid_value", expected, got: got.slice(0, 64) }],
  });
}

const jsonType = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;

/** Whether the request has a body at all. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return (length !== undefined && length !== "0") || request.headers["transfer-encoding"] !== undefined;
}
