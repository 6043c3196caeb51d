import type { Contract, OutputFile, Shape } from "../contract.js";
import { SourceFile } from "../printer.js";

/** `guards.ts`: strict checks of every type, apart from the main entry because few programs need them. */
export function printGuards(contract: Contract, folder: string): OutputFile {
  const file = new SourceFile(`${folder}/guards.ts`, "schemas/*/*.json");
  const check = file.importValue("fits", "../runtime/check-shape.js");
  const shapes = file.importType("Shapes", "../runtime/check-shape.js");
  const table = contract.types.map(({ name, shape }) => [name, lower(shape)]);
  file.value(`const shapes: ${shapes} = `, Object.fromEntries(table), ";");
  for (const { name } of contract.types) {
    const type = file.importType(name, "./types.js");
    file.print();
    file.doc(`True when the value is a \`${name}\` by the contract.`);
    file.block(`export function is${name}(value: unknown): value is ${type} {`, "}", () => {
      file.print(`return ${check}(shapes, "${name}", value);`);
    });
  }
  file.print();
  file.doc("Every guard by the name of its type.");
  file.block("export const guards: Readonly<Record<string, (value: unknown) => boolean>> = {", "};", () => {
    for (const { name } of contract.types) file.print(`${name}: is${name},`);
  });
  return file.toOutput();
}

/** The shape without words and defaults. */
function lower(shape: Shape): object {
  switch (shape.kind) {
    case "array":
      return { ...shape, items: lower(shape.items) };
    case "map":
      return { ...shape, values: lower(shape.values) };
    case "object":
      return {
        kind: "object",
        open: shape.open,
        required: shape.properties.filter((property) => property.required).map(({ name }) => name),
        properties: Object.fromEntries(
          shape.properties.map(({ name, shape: field }) => [name, lower(field)]),
        ),
      };
    case "union":
      return {
        kind: "union",
        open: shape.open,
        variants: Object.fromEntries(shape.variants.map(({ tag, type }) => [tag, type])),
      };
    default:
      return shape;
  }
}
