import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { Finding } from "./lint.js";
import type { SchemaFile } from "./source.js";

/** The meta-schema's file below the repository root. */
const metaPath = "schemas/operation.meta.json";

let compiled: Validators | undefined;

interface Validators {
  file: ValidateFunction;
  errors: ValidateFunction;
  headers: ValidateFunction;
}

/** Checks a file against the meta-schema; `types.json` files are plain JSON Schema and only the rules check them. */
export function checkMeta(file: SchemaFile): Finding[] {
  if (file.kind === "types") return [];
  compiled ??= compile();
  const { kind } = file;
  const validate = compiled[kind === "errors" || kind === "headers" ? kind : "file"];
  if (validate(file.json)) return [];
  // Which of the five kinds a file is decides the rest: its own sentence, and the deepest one, are enough.
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== "oneOf" && keyword !== "anyOf");
  const own = errors.filter(({ instancePath, params }) => concerns(file, instancePath, params));
  const [first] = own.length > 0 ? own : errors;
  if (first === undefined)
    return [
      {
        rule: "meta",
        file: file.path,
        pointer: "",
        text: "is not a file of the contract; see operation.meta.json",
      },
    ];
  return [{ rule: "meta", file: file.path, pointer: first.instancePath, text: sentence(first) }];
}

function compile(): Validators {
  const meta = JSON.parse(readFileSync(fileURLToPath(new URL(`../${metaPath}`, import.meta.url)), "utf8"));
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    strictRequired: false,
    meta: false,
    validateSchema: false,
  });
  // The rules check `$defs` more strictly than the dialect does, and compiling the dialect takes longer than all else.
  ajv.addSchema([meta, { $id: "https://json-schema.org/draft/2020-12/schema", type: "object" }]);
  const get = (id: string): ValidateFunction => {
    const validate = ajv.getSchema(id);
    if (validate === undefined) throw new Error(`${metaPath}: ${id} is missing`);
    return validate;
  };
  return {
    file: get("operation.meta.json"),
    errors: get("operation.meta.json#/$defs/ErrorCatalogue"),
    headers: get("operation.meta.json#/$defs/HeaderCatalogue"),
  };
}

/** Errors that only say which other kind of file this is not are noise. */
function concerns(file: SchemaFile, pointer: string, params: Record<string, unknown>): boolean {
  const missing = params.missingProperty;
  const kinds = ["plane", "operation", "event", "message", "raw"];
  return pointer !== "" || typeof missing !== "string" || !kinds.includes(missing) || missing === file.kind;
}

function sentence({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case "required":
      return `"${params.missingProperty}" is missing; write it (a surface that is not there is null)`;
    case "additionalProperties":
      return `"${params.additionalProperty}" is unknown; remove it or add it to operation.meta.json`;
    case "enum":
      return `write one of: ${(params.allowedValues as unknown[]).join(", ")}`;
    case "const":
      return `write ${JSON.stringify(params.allowedValue)}`;
    default:
      return `${message ?? keyword}; see operation.meta.json`;
  }
}
