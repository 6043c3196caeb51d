import { commonErrors } from "../common-errors.js";
import type { Contract, Operation, OutputFile, TypeDef } from "../contract.js";
import { resolveShape, typeMap } from "../lower.js";
import { camelCase, pascalCase } from "../names.js";
import { lineWidth, quote, SourceFile } from "../printer.js";

/** One file per plane that has operations: a class whose methods are one expression each. */
export function printResources(contract: Contract, folder: string): OutputFile[] {
  const types = typeMap(contract);
  const events = new Map(contract.events.map(({ id, payload }) => [id, payload]));
  const planes = contract.planes
    .map(({ name }) => name)
    .filter((plane) => contract.operations.some((one) => one.plane === plane));
  return [
    printPlanes(planes, folder),
    ...planes.map((plane) => {
      const file = new SourceFile(`${folder}/${plane}.ts`, `schemas/${plane}/*.json`);
      const calls = file.importType("Calls", "../runtime/calls.js");
      file.doc(`The operations of the plane \`${plane}\`.`);
      file.block(`export class ${pascalCase(plane)}Resource {`, "}", () => {
        file.print(`readonly #calls: ${calls};`);
        file.print();
        file.block(`constructor(calls: ${calls}) {`, "}", () => file.print("this.#calls = calls;"));
        for (const operation of contract.operations) {
          if (operation.plane !== plane) continue;
          file.print();
          printMethod(file, operation, types, events);
        }
      });
      return file.toOutput();
    }),
  ];
}

/** `planes.ts`: what the client class extends, so that a new plane needs no line by hand. */
function printPlanes(planes: readonly string[], folder: string): OutputFile {
  const file = new SourceFile(`${folder}/planes.ts`, "schemas/*/*.json");
  const calls = file.importType("Calls", "../runtime/calls.js");
  const resource = (plane: string): string =>
    file.importValue(`${pascalCase(plane)}Resource`, `./${plane}.js`);
  file.doc("The planes of the contract, one property each.");
  file.block("export class Planes {", "}", () => {
    for (const plane of planes) {
      file.doc(`Operations of the plane \`${plane}\`.`);
      file.print(`readonly ${plane}: ${resource(plane)};`);
    }
    file.print();
    file.block(`constructor(calls: ${calls}) {`, "}", () => {
      for (const plane of planes) file.print(`this.${plane} = new ${resource(plane)}(calls);`);
    });
  });
  return file.toOutput();
}

function printMethod(
  file: SourceFile,
  operation: Operation,
  types: ReadonlyMap<string, TypeDef>,
  events: ReadonlyMap<string, string>,
): void {
  const { id, verb, kind, summary, errors, origin, deprecated, stream } = operation;
  const own = errors.filter((code) => !commonErrors.includes(code));
  file.doc(
    summary,
    own.length === 0 ? "" : `Errors besides the common ones: ${own.map((code) => `\`${code}\``).join(", ")}.`,
    deprecated === null ? "" : `@deprecated ${deprecated}`,
    `@generated from ${origin}`,
  );
  const type = (name: string): string => file.importType(name, "./types.js");
  const shape = resolveShape(types, { kind: "ref", name: operation.request });
  const optional = shape.kind === "object" && shape.properties.every((property) => !property.required);
  const empty = shape.kind === "object" && shape.properties.length === 0;
  const request = empty ? [] : [`request: ${type(operation.request)}${optional ? " = {}" : ""}`];
  const passed = empty ? "{}" : "request";
  const event = stream === null ? undefined : events.get(stream.event);
  const [options, result] =
    kind === "unary"
      ? [
          `options?: ${file.importType("CallOptions", "../runtime/options.js")}`,
          `${file.importType("Call", "../runtime/call.js")}<${type(operation.response)}>`,
        ]
      : [
          `options?: ${file.importType("StreamOptions", "../runtime/options.js")}`,
          `${file.importType("EventStream", "../runtime/event-stream.js")}<${type(event ?? "")}, ${type(operation.response)}>`,
        ];
  const name = camelCase(verb);
  const parameters = [...request, options];
  const head = `${name}(${parameters.join(", ")}): ${result} {`;
  const body = (): void => file.print(`return this.#calls.${kind}(${quote(id)}, ${passed}, options);`);
  if (head.length + 2 <= lineWidth) file.block(head, "}", body);
  else {
    file.block(`${name}(`, `): ${result} {`, () => {
      for (const parameter of parameters) file.print(`${parameter},`);
    });
    file.print(`  return this.#calls.${kind}(${quote(id)}, ${passed}, options);`);
    file.print("}");
  }
}
