import { commonErrors } from "./common-errors.js";
import type { Contract, ErrorDef, Operation, Shape } from "./contract.js";

/** Every error that an operation can give, its own, the common ones and the surface's `extra`, sorted by code. */
export function errorsOf(contract: Contract, operation: Operation, extra: string[] = []): ErrorDef[] {
  const codes = new Set([...operation.errors, ...commonErrors, operation.validationError, ...extra]);
  return contract.errors.filter((error) => codes.has(error.code)).sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** The payload of every error on every surface. */
export function errorPayloadTypes(contract: Contract): { name: string; description: string; shape: Shape }[] {
  const text = (maxLength: number): Shape => ({ kind: "string", maxLength });
  const field = (name: string, description: string, shape: Shape, required = true) => ({
    name,
    description,
    required,
    shape,
  });
  const codes = contract.errors.filter((error) => !error.clientOnly).map((error) => error.code);
  const issues = [
    "missing_field",
    "forbidden_field",
    "unknown_field",
    "wrong_type",
    "invalid_value",
    "out_of_range",
    "pattern",
    "too_long",
    "unknown_kind",
    "limit_reached",
  ];
  return [
    {
      name: "ErrorDetail",
      description: "One field that is wrong.",
      shape: {
        kind: "object",
        open: true,
        properties: [
          field("field", "Dotted path of the field; empty for the whole request.", text(1024)),
          field("issue", "What is wrong with it.", {
            kind: "string",
            enum: issues,
            open: true,
            maxLength: 64,
          }),
          field("expected", "What would be right.", text(1024)),
          field("got", "What was there: a JSON type, or the value shortened.", text(1024)),
        ],
      },
    },
    {
      name: "ErrorPayload",
      description: "The one error payload of every surface.",
      shape: {
        kind: "object",
        open: true,
        properties: [
          field("code", "What happened, for programs.", {
            kind: "string",
            enum: codes,
            open: true,
            maxLength: 64,
          }),
          field("message", "What happened, why, and what to do, for people.", text(4096)),
          field("details", "Sorted by field, then issue.", {
            kind: "array",
            items: { kind: "ref", name: "ErrorDetail" },
            minItems: 0,
            maxItems: 1024,
          }),
          field("retryable", "The same call may work later.", { kind: "boolean" }),
          field(
            "retry_after_ms",
            "Wait this long before the next try, milliseconds.",
            { kind: "integer", minimum: 0, maximum: 9007199254740991 },
            false,
          ),
          field("request_id", "Names this call in the daemon's log.", text(64)),
        ],
      },
    },
  ];
}
