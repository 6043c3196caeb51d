import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Contract } from "../../codegen/contract.js";
import { lowerShape, reach, typeMap } from "../../codegen/lower.js";
import { guards } from "../../sdks/typescript/src/generated/guards.js";
import { ajvOptions } from "../../src/kernel/ajv-options.js";
import { runPython } from "./_python.js";
import { root } from "./_tree.js";

/** A value of a type. `text` is its JSON as written: Python tells `5.0` from `5`. */
export interface Candidate {
  type: string;
  text: string;
}

/** One line of the shared corpus. */
export interface CorpusCase extends Candidate {
  name: string;
  valid: boolean;
}

/** Judges values; true means that the value fits. */
export type Judge = (candidates: Candidate[]) => boolean[] | Promise<boolean[]>;

/** The corpus of `test/vectors/agreement`: valid and invalid values per type, shared by all languages. */
export function readCorpus(): CorpusCase[] {
  const folder = join(root, "test/vectors/agreement");
  return readdirSync(folder).flatMap((path) => {
    const text = readFileSync(join(folder, path), "utf8");
    const file = JSON.parse(text, keepSource) as {
      type: Source;
      cases: { name: Source; value: unknown; valid: Source }[];
    };
    return file.cases.map(({ name, value, valid }) => ({
      type: String(plain(file.type)),
      name: String(plain(name)),
      valid: plain(valid) === true,
      text: written(value),
    }));
  });
}

/** A scalar as it stands in the file. */
class Source {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function keepSource(_key: string, value: unknown, context?: { source?: string }): unknown {
  return context?.source === undefined ? value : new Source(context.source);
}

function plain(value: Source): unknown {
  return JSON.parse(value.text);
}

function written(value: unknown): string {
  if (value instanceof Source) return value.text;
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  const fields = Object.entries(value as object).map(
    ([key, item]) => `${JSON.stringify(key)}:${written(item)}`,
  );
  return `{${fields.join(",")}}`;
}

/** The daemon's schemas under ajv: strict for what clients send, open for what they read. */
export function ajvJudge(contract: Contract): Judge {
  const types = typeMap(contract);
  const asked = new Set(contract.operations.flatMap((operation) => reach(types, operation.request)));
  const compiled = new Map<string, ValidateFunction>();
  const compile = (name: string): ValidateFunction => {
    const view = asked.has(name) ? "request" : "response";
    const ref = (target: string): { $ref: string } => ({ $ref: `#/$defs/${target}` });
    const definitions = reach(types, name).map((each) => [
      each,
      lowerShape(types.get(each)!.shape, { view, ref }),
    ]);
    const schema = { ...ref(name), $defs: Object.fromEntries(definitions) };
    return new Ajv2020({ ...ajvOptions, useDefaults: false, allErrors: false }).compile(schema);
  };
  return (candidates) =>
    candidates.map(({ type, text }) => {
      const check = compiled.get(type) ?? compile(type);
      compiled.set(type, check);
      return check(JSON.parse(text));
    });
}

/** The TypeScript SDK's generated guards. */
export const typescriptJudge: Judge = (candidates) =>
  candidates.map(({ type, text }) => {
    const guard = guards[type];
    if (!guard) throw new Error(`the TypeScript SDK has no guard for ${type}: run \`npm run codegen\``);
    return guard(JSON.parse(text));
  });

/** The Python SDK's pydantic models, in a process of their own. */
export function pythonJudge(contract: Contract): Judge {
  const types = typeMap(contract);
  return async (candidates) => {
    const lines = candidates.map(({ type, text }) => {
      const module = types.get(type)!.module.replace("-", "_");
      return `{"type":"${module}:${type}","value":${text}}`;
    });
    return (await runPython("_agreement.py", lines)) as boolean[];
  };
}
