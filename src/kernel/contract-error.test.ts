import { describe, expect, test } from "vitest";
import { type ErrorCode, errors } from "../generated/errors.js";
import { BackendError } from "./backend.js";
import { ContractError } from "./contract-error.js";

describe("ContractError", () => {
  test.each(Object.keys(errors) as ErrorCode[])(
    "[kernel.errors] %s carries the catalogue's text and flag",
    (code) => {
      expect(new ContractError(code).toPayload("r1")).toEqual({
        code,
        message: errors[code].text,
        details: [],
        retryable: errors[code].retryable,
        request_id: "r1",
      });
    },
  );

  test("[kernel.errors] details and a whole number of milliseconds go along", () => {
    const details = [{ field: "a", issue: "pattern", expected: "x", got: "string" }] as const;
    const error = new ContractError("admission_dropped", { details: [...details], retryAfterMs: 10.2 });
    expect(error.toPayload("r")).toMatchObject({ details, retry_after_ms: 11, retryable: true });
  });

  test.each([
    [new BackendError("full", "x"), "storage_unavailable"],
    [new BackendError("read_only", "x"), "storage_unavailable"],
    [new BackendError("io", "x"), "storage_unavailable"],
    [new BackendError("closed", "x"), "shutting_down"],
    [new BackendError("too_large", "x"), "payload_too_large"],
    [new DOMException("x", "AbortError"), "request_cancelled"],
    [new TypeError("a secret path"), "internal"],
    ["a string", "internal"],
    [undefined, "internal"],
  ])("[kernel.errors-unknown] %s becomes %s without telling its text", (thrown, code) => {
    const error = ContractError.from(thrown);
    expect(error.code).toBe(code);
    expect(error.cause).toBe(thrown);
    expect(JSON.stringify(error.toPayload("r"))).not.toContain("secret path");
  });

  test("[kernel.errors] one that is known already stays the same", () => {
    const error = new ContractError("peer_not_found");
    expect(ContractError.from(error)).toBe(error);
  });
});
