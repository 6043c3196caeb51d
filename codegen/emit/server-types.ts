import type { Emitter, Property, Shape, TypeDef } from "../contract.js";
import { propertyKey, quote, type SourceFile } from "../printer.js";
import { shownOn } from "../surface-values.js";
import { typeFiles } from "./type-files.js";

/**
 * `types/<module>.ts`: the server's view. Fields with a default are present (defaults are applied before a handler sees them),
 * and there are no arms for what only newer peers know.
 */
export const emitTypes: Emitter = ({ types }) => {
  return typeFiles(types, "src/generated", printType);
};

function printType(file: SourceFile, { name, description, origin, shape }: TypeDef): void {
  file.doc(description, `@generated from ${origin}`);
  if (shape.kind === "object" && shape.properties.length > 0)
    file.block(`export interface ${name} {`, "}", () => printProperties(file, shape.properties));
  else file.union(`export type ${name} = `, unionMembers(shape));
}

function printProperties(file: SourceFile, properties: Property[]): void {
  for (const property of properties) {
    const optional = !property.required && property.default === undefined;
    const head = `${propertyKey(property.name)}${optional ? "?" : ""}: `;
    file.doc(shownOn(property, null).description);
    if (property.shape.kind === "object" && property.shape.properties.length > 0) {
      const inner = property.shape.properties;
      file.block(`${head}{`, "};", () => printProperties(file, inner));
    } else file.union(head, unionMembers(property.shape));
  }
}

function unionMembers(shape: Shape): string[] {
  if (shape.kind === "union") return shape.variants.map(({ type }) => type);
  if (shape.kind === "string" && shape.enum !== undefined) return shape.enum.map(quote);
  return [typeText(shape)];
}

function typeText(shape: Shape): string {
  switch (shape.kind) {
    case "string":
      return shape.const === undefined
        ? (shape.enum?.map(quote).join(" | ") ?? "string")
        : quote(shape.const);
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    case "json":
      return "unknown";
    case "array": {
      const items = typeText(shape.items);
      return /^\w+$/.test(items) ? `${items}[]` : `(${items})[]`;
    }
    case "map":
      return `Record<string, ${typeText(shape.values)}>`;
    case "ref":
      return shape.name;
    case "union":
      return shape.variants.map(({ type }) => type).join(" | ");
    case "object":
      return shape.properties.length === 0 ? "Record<string, never>" : objectText(shape.properties);
  }
}

function objectText(properties: Property[]): string {
  const members = properties.map(({ name, required, shape, default: value }) => {
    const optional = !required && value === undefined;
    return `${propertyKey(name)}${optional ? "?" : ""}: ${typeText(shape)}`;
  });
  return `{ ${members.join("; ")} }`;
}
