import type { Contract, OutputFile, Shape, TypeDef } from "../contract.js";
import { SourceFile } from "../printer.js";

/** How the runtime finds open unions in a value: see `runtime/unknown-variant.ts`. */
export type Reader =
  | string
  | { items: Reader }
  | { values: Reader }
  | { fields: Record<string, Reader> }
  | { variants: Record<string, Reader | null> };

/** Readers of the named types that hold an open union somewhere; other types need none. */
export function readersOf(types: readonly TypeDef[]): Map<string, Reader> {
  const byName = new Map(types.map((type) => [type.name, type]));
  const readers = new Map<string, Reader>();
  for (let grew = true; grew; ) {
    grew = false;
    for (const { name, shape } of byName.values()) {
      if (readers.has(name)) continue;
      const reader = readerOf(shape, readers);
      if (reader === null) continue;
      readers.set(name, reader);
      grew = true;
    }
  }
  // A second pass: a type read early may refer to one that was found later.
  for (const name of readers.keys()) {
    const reader = readerOf(byName.get(name)!.shape, readers);
    if (reader !== null) readers.set(name, reader);
  }
  return readers;
}

function readerOf(shape: Shape, known: Map<string, Reader>): Reader | null {
  switch (shape.kind) {
    case "ref":
      return known.has(shape.name) ? shape.name : null;
    case "array": {
      const items = readerOf(shape.items, known);
      return items === null ? null : { items };
    }
    case "map": {
      const values = readerOf(shape.values, known);
      return values === null ? null : { values };
    }
    case "object": {
      const fields = shape.properties.flatMap(({ name, shape: field }) => {
        const reader = readerOf(field, known);
        return reader === null ? [] : [[name, reader] as const];
      });
      return fields.length === 0 ? null : { fields: Object.fromEntries(fields) };
    }
    case "union": {
      const variants = shape.variants.map(
        ({ tag, type }) => [tag, known.has(type) ? type : null] as [string, string | null],
      );
      const needed = shape.open || variants.some(([, reader]) => reader !== null);
      return needed ? { variants: Object.fromEntries(variants) } : null;
    }
    default:
      return null;
  }
}

/** `readers.ts`: where responses and events have open unions. */
export function printReaders(contract: Contract, folder: string): OutputFile {
  const file = new SourceFile(`${folder}/readers.ts`, "schemas/*/*.json");
  const type = file.importType("Readers", "../runtime/unknown-variant.js");
  file.doc("Types that hold an open union, and where.");
  file.value(`export const readers: ${type} = `, Object.fromEntries(readersOf(contract.types)), ";");
  return file.toOutput();
}
