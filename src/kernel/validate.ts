import { createRequire } from "node:module";
import type { ValidateFunction } from "ajv";
import type { OperationId } from "../generated/operations.js";
import { messageSchemas, requestSchemas } from "../generated/schemas.js";
import { ajvOptions } from "./ajv-options.js";
import type { ErrorDetail } from "./contract-error.js";
import { findFlaw, type JsonFlaw, maxJsonDepth } from "./json.js";
import { toDetails } from "./validation-details.js";

/** A request that fits, with its defaults filled in (in place), or everything that is wrong with it. */
export type Validation = { ok: true; value: unknown } | { ok: false; details: ErrorDetail[] };

/** A message between daemons. */
export type MessageId = keyof typeof messageSchemas;

export interface Validators {
  request(id: OperationId): (value: unknown) => Validation;
  /** Whether what another daemon sent is such a message; fields and kinds that only it knows are let pass. */
  message(id: MessageId): (value: unknown) => boolean;
}

/** What the build makes of all requests and messages; the same functions that ajv would compile here. */
export type CompiledValidators = { readonly [Id in OperationId | MessageId]?: ValidateFunction };

/** Levels that a message puts around what it carries. */
const messageLevels = 8;

/** Checks requests. What was not compiled by the build is compiled on first use, so that start-up pays for nothing. */
export function createValidators(compiled: CompiledValidators = {}): Validators {
  const known = new Map<OperationId, (value: unknown) => Validation>();
  const messages = new Map<MessageId, (value: unknown) => boolean>();
  return {
    request(id) {
      let check = known.get(id);
      if (check === undefined) {
        check = checker(compiled[id] ?? compile(requestSchemas[id]), requestSchemas[id]);
        known.set(id, check);
      }
      return check;
    },
    message(id) {
      let check = messages.get(id);
      if (check === undefined) {
        const validate = compiled[id] ?? compile(messageSchemas[id]);
        // What a message carries may itself be as deep as a request.
        check = (value) => findFlaw(value, 1 - messageLevels) === null && validate(value);
        messages.set(id, check);
      }
      return check;
    },
  };
}

function checker(validate: ValidateFunction, schema: object): (value: unknown) => Validation {
  return (value) => {
    const flaw = findFlaw(value);
    if (flaw !== null) {
      return { ok: false, details: [flawDetails[flaw]] };
    }
    if (validate(value)) {
      return { ok: true, value };
    }
    return { ok: false, details: toDetails(validate.errors ?? [], value, schema) };
  };
}

const flawDetails: { readonly [Flaw in JsonFlaw]: ErrorDetail } = {
  too_deep: {
    field: "",
    issue: "out_of_range",
    expected: `at most ${maxJsonDepth} levels of nesting`,
    got: "more",
  },
  proto_key: { field: "__proto__", issue: "forbidden_field", expected: "absent", got: "__proto__" },
  lone_surrogate: {
    field: "",
    issue: "invalid_value",
    expected: "well-formed Unicode",
    got: "a lone surrogate",
  },
  inexact_number: {
    field: "",
    issue: "out_of_range",
    expected: "whole numbers up to 2^53-1; send larger ones as text",
    got: "more",
  },
};

interface Compiler {
  compile(schema: object): ValidateFunction;
}
let compiler: Compiler | undefined;

/** ajv costs tens of milliseconds to load: only who needs it waits for it. */
function compile(schema: object): ValidateFunction {
  if (compiler === undefined) {
    const { Ajv2020 } = createRequire(import.meta.url)("ajv/dist/2020.js") as {
      Ajv2020: new (options: object) => Compiler;
    };
    compiler = new Ajv2020(ajvOptions);
  }
  return compiler.compile(schema);
}
