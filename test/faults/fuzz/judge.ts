import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { type OperationId, type OperationSpec, operations } from "../../../src/generated/operations.js";
import { requestSchemas, responseSchemas } from "../../../src/generated/schemas.js";
import { findFlaw } from "../../../src/kernel/json.js";
import { flawOfPayload } from "../abuse/judge.js";
import type { Answer } from "./answer.js";
import { type FuzzCase, parsed } from "./case.js";
import { filled, generalised, type World } from "./world.js";

export interface Said {
  surface: string;
  world: World;
  answer: Answer;
}

const ajv = new Ajv2020({ strict: false, allErrors: true, discriminator: true, validateFormats: false });
const compiled = new Map<object, ValidateFunction>();
const declared = readDeclared();

/** What is wrong with the answers to one input, each by itself, against the contract, and compared with each other. */
export function judge(input: FuzzCase, said: readonly Said[]): string[] {
  const found: string[] = [];
  const verdicts = new Map<string, string[]>();
  for (const { surface, answer, world } of said) {
    const flaw = flawOf(input, answer, world);
    if (flaw !== undefined) found.push(`${surface}: ${flaw}`);
    const verdict = verdictOf(input, surface, answer, world);
    verdicts.set(verdict, [...(verdicts.get(verdict) ?? []), surface]);
  }
  if (verdicts.size > 1)
    found.push([...verdicts].map(([verdict, surfaces]) => `${surfaces.join("+")} say ${verdict}`).join(", "));
  return found;
}

function flawOf(input: FuzzCase, answer: Answer, world: World): string | undefined {
  if ("flaw" in answer) return answer.flaw;
  const spec: OperationSpec = operations[input.operation];
  const expected = expectedOf(input, spec, world);
  if ("response" in answer) {
    if (expected !== undefined) return `accepted what ${expected} should refuse`;
    const validate = validator(responseSchemas[input.operation]);
    return validate(answer.response)
      ? undefined
      : `a response that is not the contract's: ${ajv.errorsText(validate.errors)}`;
  }
  const flaw = flawOfPayload(answer.error, answer.status);
  if (flaw !== undefined) return flaw;
  const code = codeOf(answer.error);
  // A connection of another contract is told so whatever else it says.
  if (code === "contract_mismatch" && spec.rpc === "initialize") return undefined;
  if (expected !== undefined) return code === expected ? undefined : `${code} instead of ${expected}`;
  if (!declared[input.operation]?.has(code)) return `${code}, which ${input.operation} does not declare`;
  return code === "parse_error" ? "parse_error for what is JSON" : undefined;
}

/** The refusal that the contract alone demands; undefined when the input fits it. */
function expectedOf(input: FuzzCase, { validationError }: OperationSpec, world: World): string | undefined {
  const read = parsed(filled(input.text, world));
  if (read === undefined) return "parse_error";
  if (findFlaw(read.value) !== null) return validationError;
  return validator(requestSchemas[input.operation])(read.value) ? undefined : validationError;
}

/** What surfaces must agree on: acceptance, or the refusal with its details where all of them saw the same text. */
function verdictOf({ operation, text }: FuzzCase, surface: string, answer: Answer, world: World): string {
  if ("flaw" in answer) return "nothing";
  if ("response" in answer) return "ok";
  const code = codeOf(answer.error);
  if (operation !== "comms.send") return code;
  const { message, details } = parsed(generalised(answer.error, world))!.value as {
    message: string;
    details: { field: string; issue: string; got: string; expected: string }[];
  };
  const ofSurface = text.includes("{{source}}") ? world.values.source! : undefined;
  const comparable = details.map(({ field, issue, expected, got }) => {
    // Which sources there are to choose from is the surface's own.
    if (field === "source") return field;
    // Over MCP the whole command is a field of the tool's arguments.
    const at = surface === "mcp" && field === "command" ? "" : field;
    // A refused text is quoted in part, with one that would do: both are the world's own where the input took them from it.
    if (issue === "pattern" && text.includes("{{")) return { field: at, issue };
    const own = got.startsWith(world.letter) ? got.slice(world.letter.length) : got;
    return {
      field: at,
      issue,
      expected,
      got: ofSurface === undefined ? own : own.replaceAll(ofSurface, "{{source}}"),
    };
  });
  // These messages quote such a text, or a name that is like it.
  const quotes =
    code === "peer_not_found" || (text.includes("{{") && details.some(({ issue }) => issue === "pattern"));
  return JSON.stringify({ code, message: quotes ? "" : message, details: comparable });
}

function codeOf(payload: string): string {
  return String((parsed(payload)?.value as { code?: unknown } | null)?.code);
}

function validator(schema: object): ValidateFunction {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  return validate;
}

/** The errors of each operation as the generated OpenRPC document lists them. */
function readDeclared(): Partial<Record<OperationId, ReadonlySet<string>>> {
  const path = new URL("../../../schemas/dist/openrpc.json", import.meta.url);
  const { methods } = JSON.parse(readFileSync(path, "utf8")) as {
    methods: { name: string; errors: { $ref: string }[] }[];
  };
  return Object.fromEntries(
    (Object.values(operations) as OperationSpec[]).map(({ id, rpc }) => {
      const method = methods.find(({ name }) => name === rpc);
      return [id, new Set(method?.errors.map(({ $ref }) => $ref.split("/").at(-1)!))];
    }),
  );
}
