import type { Contract, Emitter } from "../contract.js";
import { lowerShape, reach, typeMap, type View } from "../lower.js";
import { Expression, SourceFile } from "../printer.js";

/**
 * `schemas.ts`: what ajv compiles. Each view stands on its own (`$ref` into its `$defs`); the definitions are shared
 * objects so that the file says everything once.
 */
export const emitSchemas: Emitter = (contract) => {
  const file = new SourceFile("src/generated/schemas.ts", "schemas/*/*.json");
  const { operations, events, messages } = contract;
  file.importType("OperationId", "./operations.js");
  const requests = operations.map(({ id, request }) => [id, request] as const);
  const responses = operations.map(({ id, response }) => [id, response] as const);
  const payloads = events.map(({ id, payload }) => [id, payload] as const);
  const sent = messages.map(({ id, payload }) => [id, payload] as const);
  printDefinitions(file, contract, "request", requests);
  printDefinitions(file, contract, "response", [...responses, ...payloads, ...sent]);
  file.doc("The strict view of each request, with defaults.");
  printViews(file, contract, "request", requests, "requestSchemas: { readonly [Id in OperationId]: object }");
  file.print();
  file.doc("Each response as a client reads it: what `x-open` marks takes unknown fields, kinds and values.");
  printViews(
    file,
    contract,
    "response",
    responses,
    "responseSchemas: { readonly [Id in OperationId]: object }",
  );
  file.print();
  file.doc("Each event's payload as a client reads it.");
  printViews(file, contract, "response", payloads, "eventSchemas: Readonly<Record<string, object>>");
  file.print();
  file.doc("Each message between daemons as its receiver reads it.");
  printViews(file, contract, "response", sent, "messageSchemas");
  return [file.toOutput()];
};

type Roots = readonly (readonly [id: string, type: string])[];

function printDefinitions(file: SourceFile, contract: Contract, view: View, roots: Roots): void {
  const types = typeMap(contract);
  const names = new Set(roots.flatMap(([, type]) => reach(types, type)));
  const ref = (name: string): object => ({ $ref: `#/$defs/${name}` });
  const definitions = contract.types
    .filter(({ name }) => names.has(name))
    .map(({ name, shape }) => [name, lowerShape(shape, { view, ref: (target) => ref(target) as never })]);
  file.value(`const ${view}Types = `, Object.fromEntries(definitions), ";");
  file.print();
}

function printViews(
  file: SourceFile,
  contract: Contract,
  view: View,
  roots: Roots,
  declaration: string,
): void {
  const types = typeMap(contract);
  const views = roots.map(([id, type]) => {
    const inner = reach(types, type).filter((name) => name !== type);
    const defs = inner.map((name) => [name, new Expression(`${view}Types.${name}`)]);
    const spread = new Expression(`...${view}Types.${type}`);
    return [id, { [spread.text]: spread, ...(defs.length > 0 ? { $defs: Object.fromEntries(defs) } : {}) }];
  });
  file.value(`export const ${declaration} = `, Object.fromEntries(views), ";");
}
