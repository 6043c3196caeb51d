import type { Contract, OutputFile, Property, Shape, TypeDef } from "../contract.js";
import { lineWidth, propertyKey, quote, type SourceFile } from "../printer.js";
import { shownOn } from "../surface-values.js";
import { typeFiles } from "./type-files.js";

/**
 * `types/<module>.ts`: the client's view. Fields with a default are optional (the daemon applies it), open unions have an
 * `UnknownVariant` arm, open enums take any string without losing completion.
 */
export function printTypes(contract: Contract, folder: string): OutputFile[] {
  return typeFiles(contract.types, folder, printType);
}

function printType(file: SourceFile, { name, description, origin, shape }: TypeDef): void {
  file.doc(description, `@generated from ${origin}`);
  if (shape.kind === "object" && shape.properties.length > 0)
    file.block(`export interface ${name} {`, "}", () => printProperties(file, shape.properties, 1));
  else printMembers(file, `export type ${name} = `, shape, 0);
}

function printProperties(file: SourceFile, properties: Property[], depth: number): void {
  for (const property of properties) {
    const { name, required, shape } = property;
    const head = `${propertyKey(name)}${required ? "" : "?"}: `;
    file.doc(shownOn(property, null).description);
    if (shape.kind === "object" && shape.properties.length > 0)
      file.block(`${head}{`, "};", () => printProperties(file, shape.properties, depth + 1));
    else printMembers(file, head, shape, depth);
  }
}

/** `head` and the type; a union that is too long stands with one member a line. */
function printMembers(file: SourceFile, head: string, shape: Shape, depth: number): void {
  const members = membersOf(file, shape);
  const line = `${head}${members.join(" | ")};`;
  if (2 * depth + line.length <= lineWidth || members.length === 1) file.print(line);
  else {
    file.print(head.trimEnd());
    members.forEach((member, index) => {
      file.print(`  | ${member}${index === members.length - 1 ? ";" : ""}`);
    });
  }
}

function membersOf(file: SourceFile, shape: Shape): string[] {
  switch (shape.kind) {
    case "string":
      if (shape.const !== undefined) return [quote(shape.const)];
      if (shape.enum === undefined) return ["string"];
      return [...shape.enum.map(quote), ...(shape.open ? ["(string & {})"] : [])];
    case "integer":
      return ["number"];
    case "boolean":
      return ["boolean"];
    case "json":
      return ["unknown"];
    case "array": {
      const items = typeText(file, shape.items);
      return [/^\w+$/.test(items) ? `${items}[]` : `(${items})[]`];
    }
    case "map":
      return [`Record<string, ${typeText(file, shape.values)}>`];
    case "ref":
      return [shape.name];
    case "union": {
      const names = shape.variants.map(({ type }) => type);
      return shape.open
        ? [...names, file.importType("UnknownVariant", "../../runtime/unknown-variant.js")]
        : names;
    }
    case "object":
      return [objectText(file, shape.properties)];
  }
}

function typeText(file: SourceFile, shape: Shape): string {
  return membersOf(file, shape).join(" | ");
}

function objectText(file: SourceFile, properties: Property[]): string {
  if (properties.length === 0) return "Record<string, never>";
  const members = properties.map(
    ({ name, required, shape }) => `${propertyKey(name)}${required ? "" : "?"}: ${typeText(file, shape)}`,
  );
  return `{ ${members.join("; ")} }`;
}
