import type { Contract, Shape, TypeDef } from "../../codegen/contract.js";
import { typeMap } from "../../codegen/lower.js";

/**
 * Where the contract is open: each open union and open enum by the type and field that declare it, and each field
 * that holds an open union of another type, since readers decode it there too.
 */
export function openPlaces(contract: Contract): string[] {
  const types = typeMap(contract);
  return contract.types.flatMap(({ name, shape }) =>
    shape.kind === "ref" ? [] : placesIn(types, shape, name),
  );
}

function placesIn(types: ReadonlyMap<string, TypeDef>, shape: Shape, place: string): string[] {
  switch (shape.kind) {
    case "ref": {
      const target = types.get(shape.name)!.shape;
      if (target.kind === "ref") return placesIn(types, target, place);
      return target.kind === "union" && target.open ? [place] : [];
    }
    case "union":
      return shape.open ? [place] : [];
    case "string":
      return shape.enum && shape.open ? [place] : [];
    case "array":
      return placesIn(types, shape.items, `${place}[]`);
    case "map":
      return placesIn(types, shape.values, `${place}{}`);
    case "object":
      return shape.properties.flatMap((field) => placesIn(types, field.shape, `${place}.${field.name}`));
    default:
      return [];
  }
}

/** The places of a value that hold what this contract does not know. */
export function unknownPlaces(contract: Contract, type: string, value: unknown): string[] {
  const types = typeMap(contract);
  const walk = (shape: Shape, part: unknown, place: string): string[] => {
    if (part === undefined) return [];
    switch (shape.kind) {
      case "ref": {
        const target = types.get(shape.name)!;
        const open = target.shape.kind === "union" && target.shape.open;
        const own = walk(target.shape, part, target.name);
        // The union's own place and the field that holds it are both met.
        return open && own.includes(target.name) ? [...own, place] : own;
      }
      case "union": {
        const { kind } = part as { kind?: unknown };
        const variant = shape.variants.find(({ tag }) => tag === kind);
        if (variant) return walk({ kind: "ref", name: variant.type }, part, place);
        return shape.open && typeof kind === "string" ? [place] : [];
      }
      case "string":
        return shape.enum && shape.open && !shape.enum.includes(part as string) ? [place] : [];
      case "array":
        return (part as unknown[]).flatMap((item) => walk(shape.items, item, `${place}[]`));
      case "map":
        return Object.values(part as object).flatMap((item) => walk(shape.values, item, `${place}{}`));
      case "object":
        return shape.properties.flatMap(({ name, shape: inner }) =>
          walk(inner, (part as Record<string, unknown>)[name], `${place}.${name}`),
        );
      default:
        return [];
    }
  };
  return [...new Set(walk({ kind: "ref", name: type }, value, type))];
}
