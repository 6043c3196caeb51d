import { Buffer } from "node:buffer";
import { maxEntryBytes } from "../../../kernel/backend.js";
import { ContractError } from "../../../kernel/contract-error.js";

/**
 * A value as JSON that fits into one entry of a log with `reserved` bytes beside it; throws `payload_too_large` naming the
 * field otherwise.
 */
export function encodeFitting(value: unknown, field: string, reserved: number): string {
  const json = JSON.stringify(value);
  const limit = maxEntryBytes - reserved;
  // A UTF-16 unit is at most three bytes: most texts need no count.
  if (json.length * 3 <= limit) return json;
  const bytes = Buffer.byteLength(json);
  if (bytes > limit)
    throw new ContractError("payload_too_large", {
      details: [{ field, issue: "too_long", expected: `at most ${limit} bytes`, got: `${bytes} bytes` }],
    });
  return json;
}
