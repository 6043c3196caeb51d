import type { Contract, Emitter, Operation, Property, Shape, TypeDef } from "../contract.js";
import { requestFields, resolveShape, typeMap } from "../lower.js";
import { camelCase } from "../names.js";
import { SourceFile } from "../printer.js";
import { shownOn } from "../surface-values.js";

/** `cli.ts`: commands of the CLI with the type of every value. */
export const emitCli: Emitter = (contract) => {
  const file = new SourceFile("src/generated/cli.ts", "schemas/*/*.json");
  const id = file.importType("OperationId", "./operations.js");
  file.doc("How a word of the command line becomes a request field.");
  file.block("export interface CliValue {", "}", () => {
    file.print("field: string;");
    file.print('type: "string" | "integer" | "boolean" | "json" | "string[]";');
    file.doc("The values there are; null: any.");
    file.print("values: readonly string[] | null;");
    file.print("description: string;");
    file.print("required: boolean;");
  });
  file.print();
  file.doc("A value that is named by a flag.");
  file.block("export interface CliFlag extends CliValue {", "}", () => {
    file.doc("With its dashes.");
    file.print("flag: string;");
    file.print("repeat: boolean;");
    file.doc("`duration` takes forms such as `30s`; the field is milliseconds.");
    file.print('unit: "duration" | null;');
    file.doc("What the daemon fills in when it is absent; null: nothing.");
    file.print("default: string | number | boolean | null;");
  });
  file.print();
  file.doc("An operation as a command.");
  file.block("export interface CliCommand {", "}", () => {
    file.print(`operation: ${id};`);
    file.doc("Resource and method of the TypeScript SDK.");
    file.print("resource: string;");
    file.print("method: string;");
    file.doc("Words after `parley`.");
    file.print("command: string;");
    file.print("summary: string;");
    file.print("args: readonly CliValue[];");
    file.print("flags: readonly CliFlag[];");
    file.doc("Columns of the table on a terminal: dotted paths in a row.");
    file.print("columns: readonly string[];");
    file.doc("Response field that holds the rows.");
    file.print("rows: string | null;");
    file.doc("Its arguments are read by hand-written code.");
    file.print("custom: boolean;");
  });
  file.print();
  file.doc("Every command.");
  file.value("export const cliCommands: readonly CliCommand[] = ", cliCommands(contract), ";");
  return [file.toOutput()];
};

function cliCommands(contract: Contract): object[] {
  const types = typeMap(contract);
  return contract.operations.flatMap((operation) => {
    const { cli } = operation;
    if (cli === null) return [];
    const flags = cli.flags.map(({ field, flag, repeat, unit }) => {
      const property = propertyOf(types, operation, field);
      return { ...cliValue(types, property), flag, repeat, unit, default: property.default ?? null };
    });
    return [
      {
        operation: operation.id,
        resource: camelCase(operation.plane),
        method: camelCase(operation.verb),
        command: cli.command,
        summary: operation.summary,
        args: cli.args.map(({ field }) => cliValue(types, propertyOf(types, operation, field))),
        flags,
        columns: cli.columns,
        rows: cli.rows,
        custom: cli.custom,
      },
    ];
  });
}

function propertyOf(
  types: ReadonlyMap<string, TypeDef>,
  { id, request }: Operation,
  field: string,
): Property {
  const property = requestFields(types, request).find(({ name }) => name === field);
  if (property === undefined) throw new Error(`${id}: cli names the field ${field}, which the request lacks`);
  return property;
}

function cliValue(types: ReadonlyMap<string, TypeDef>, property: Property): object {
  const { name, required, shape } = property;
  const { description, examples } = shownOn(property, "cli");
  const real = resolveShape(types, shape);
  const items = real.kind === "array" ? resolveShape(types, real.items) : real;
  const known = items.kind === "string" && items.open !== true ? (items.enum ?? null) : null;
  const values = examples ?? known;
  return { field: name, type: valueType(real, items), values, description, required };
}

function valueType(shape: Shape, items: Shape): string {
  if (shape.kind === "string" || shape.kind === "integer" || shape.kind === "boolean") return shape.kind;
  return shape.kind === "array" && items.kind === "string" ? "string[]" : "json";
}
