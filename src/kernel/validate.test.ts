import { describe, expect, test } from "vitest";
import type { OperationId } from "../generated/operations.js";
import type { ErrorDetail } from "./contract-error.js";
import { createValidators } from "./validate.js";

const validators = createValidators();

function details(id: OperationId, value: unknown): ErrorDetail[] {
  const result = validators.request(id)(value);
  return result.ok ? [] : result.details;
}

const message = { kind: "peer_message", to: "planner", body: "hi" };

describe("what is wrong with a request", () => {
  const cases: [string, OperationId, unknown, ErrorDetail[]][] = [
    [
      "not an object",
      "comms.send",
      [],
      [{ field: "", issue: "wrong_type", expected: "object", got: "array" }],
    ],
    ["null", "comms.send", null, [{ field: "", issue: "wrong_type", expected: "object", got: "null" }]],
    [
      "kind missing",
      "comms.send",
      { to: "a" },
      [
        {
          field: "kind",
          issue: "missing_field",
          expected: "one of: input, peer_message, peer_request, peer_response",
          got: "absent",
        },
      ],
    ],
    [
      "kind unknown",
      "comms.send",
      { kind: "shout" },
      [
        {
          field: "kind",
          issue: "unknown_kind",
          expected: "one of: input, peer_message, peer_request, peer_response",
          got: "shout",
        },
      ],
    ],
    [
      "kind of another type",
      "comms.send",
      { kind: 3 },
      [{ field: "kind", issue: "wrong_type", expected: "string", got: "number" }],
    ],
    [
      "a field of a sibling variant and one of none",
      "comms.send",
      { ...message, status: "completed", colour: 1 },
      [
        { field: "colour", issue: "unknown_field", expected: "absent", got: "number" },
        { field: "status", issue: "forbidden_field", expected: "absent", got: "string" },
      ],
    ],
    [
      "fields missing",
      "comms.send",
      { kind: "peer_message" },
      [
        { field: "body", issue: "missing_field", expected: "string", got: "absent" },
        { field: "to", issue: "missing_field", expected: "string", got: "absent" },
      ],
    ],
    [
      "no coercion of a number",
      "comms.send",
      { ...message, body: 1 },
      [{ field: "body", issue: "wrong_type", expected: "string", got: "number" }],
    ],
    [
      "nested fields",
      "comms.send",
      { ...message, options: { idempotency_key: "", colour: null } },
      [
        { field: "options.colour", issue: "unknown_field", expected: "absent", got: "null" },
        {
          field: "options.idempotency_key",
          issue: "out_of_range",
          expected: "at least 1 characters",
          got: "0 characters",
        },
      ],
    ],
    [
      "a value out of an enumeration",
      "comms.send",
      { kind: "peer_request", to: "a", intent: "ask", params: null, stream: "maybe" },
      [
        {
          field: "stream",
          issue: "invalid_value",
          expected: "one of: none, reserve_interaction",
          got: "maybe",
        },
      ],
    ],
    [
      "an enumeration of the wrong type is told once",
      "comms.send",
      { kind: "peer_request", to: "a", intent: "ask", params: null, stream: true },
      [{ field: "stream", issue: "wrong_type", expected: "string", got: "boolean" }],
    ],
    [
      "an integer out of range",
      "sessions.drain",
      { name: "a", max: 1, wait_ms: 60_001, lease_token: "x".repeat(16) },
      [{ field: "wait_ms", issue: "out_of_range", expected: "0 to 60000", got: "60001" }],
    ],
    [
      "a fraction where an integer belongs",
      "sessions.drain",
      { name: "a", max: 1, wait_ms: 1.5, lease_token: "x".repeat(16) },
      [{ field: "wait_ms", issue: "wrong_type", expected: "integer", got: "number" }],
    ],
    [
      "items of a list",
      "system.create_token",
      { name: "a", scopes: ["comms:read", "comms:sing", 4] },
      [
        {
          field: "scopes[1]",
          issue: "invalid_value",
          expected: expect.stringContaining("one of: system:read, system:admin") as unknown as string,
          got: "comms:sing",
        },
        { field: "scopes[2]", issue: "wrong_type", expected: "string", got: "number" },
      ],
    ],
    [
      "an empty list",
      "system.create_token",
      { name: "a", scopes: [] },
      [{ field: "scopes", issue: "out_of_range", expected: "at least 1 items", got: "0 items" }],
    ],
    [
      "keys of a map",
      "sessions.open",
      { name: "a", labels: { "Not Good": "x" } },
      [
        {
          field: "labels.Not Good",
          issue: "pattern",
          expected:
            "lower-case letters, digits, `.`, `_`, `/` and `-` after a letter or digit, 1 to 63 characters; for example not-good",
          got: '"Not Good"',
        },
      ],
    ],
  ];
  test.each(cases)("[kernel.validation-details] %s", (_name, id, value, expected) => {
    expect(details(id, value)).toEqual(expected);
  });

  test("[kernel.validation-details] a text over its limit", () => {
    expect(details("comms.send", { ...message, body: "x".repeat(262_145) })).toEqual([
      { field: "body", issue: "too_long", expected: "at most 262144 characters", got: "262145 characters" },
    ]);
  });
});

describe("hostile values", () => {
  test("[kernel.json-depth] nesting of 64 levels passes, 65 does not, a million does not crash", () => {
    const nested = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
    const request = (levels: number): unknown => ({
      kind: "peer_request",
      to: "a",
      intent: "ask",
      params: nested(levels - 1),
    });
    const tooDeep = [
      { field: "", issue: "out_of_range", expected: "at most 64 levels of nesting", got: "more" },
    ];
    expect(details("comms.send", request(64))).toEqual([]);
    expect(details("comms.send", request(65))).toEqual(tooDeep);
    expect(details("comms.send", request(1_000_000))).toEqual(tooDeep);
  });

  test("[kernel.json-hostile] a __proto__ key is refused wherever it lies", () => {
    const value = JSON.parse(
      '{"kind":"peer_request","to":"a","intent":"ask","params":[{"__proto__":{"admin":true}}]}',
    );
    expect(details("comms.send", value)).toEqual([
      { field: "__proto__", issue: "forbidden_field", expected: "absent", got: "__proto__" },
    ]);
  });

  test("[kernel.json-hostile] half a surrogate pair is no text", () => {
    expect(details("comms.send", { ...message, body: "\ud800" })).toEqual([
      { field: "", issue: "invalid_value", expected: "well-formed Unicode", got: "a lone surrogate" },
    ]);
  });

  test.each([
    ["in a key", { "\udc00": 1 }, { issue: "invalid_value", expected: "well-formed Unicode" }],
    ["2^53", { at: 2 ** 53 }, { issue: "out_of_range" }],
    ["-2^53", { at: [-(2 ** 53)] }, { issue: "out_of_range" }],
    ["Infinity", { at: Number.POSITIVE_INFINITY }, { issue: "out_of_range" }],
  ])("[kernel.json-hostile] free JSON that would not arrive as it was sent: %s", (_name, params, detail) => {
    const request = { kind: "peer_request", to: "planner", intent: "ask", params };
    expect(details("comms.send", request)).toEqual([expect.objectContaining({ field: "", ...detail })]);
  });

  test("[kernel.json-hostile] numbers that arrive as they were sent are fine", () => {
    const params = { numbers: [2 ** 53 - 1, -(2 ** 53 - 1), 0.1, 1e300, -1e21, 5e-324] };
    const request = { kind: "peer_request", to: "planner", intent: "ask", params };
    expect(details("comms.send", request)).toEqual([]);
  });

  test("[kernel.validation-details] a hundred thousand mistakes give a bounded, sorted answer", () => {
    const value = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index]));
    const found = details("comms.send", { ...message, ...value });
    expect(found).toHaveLength(256);
    expect(found).toEqual([...found].sort((a, b) => (a.field < b.field ? -1 : 1)));
  });
});

test("[kernel.validation-defaults] defaults are filled in before a handler sees the request", () => {
  const result = validators.request("comms.send")({
    kind: "peer_request",
    to: "a",
    intent: "ask",
    params: 1,
  });
  expect(result).toMatchObject({ ok: true, value: { stream: "none" } });
});

test("[kernel.validation-compiled] validators that the build compiled are used, and tell the same", () => {
  const asked: unknown[] = [];
  const compiled = Object.assign(
    (value: unknown) => {
      asked.push(value);
      return true;
    },
    { errors: null },
  );
  const check = createValidators({ "comms.send": compiled as never }).request("comms.send");
  expect(check("anything")).toEqual({ ok: true, value: "anything" });
  expect(asked).toEqual(["anything"]);
});
