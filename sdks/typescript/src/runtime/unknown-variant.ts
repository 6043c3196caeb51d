/**
 * A variant of an open union that this SDK does not know: `switch` over `kind` stays exhaustive. `JSON.stringify`
 * writes `raw`, so what came from the wire goes back unchanged.
 */
export interface UnknownVariant {
  kind: "$unknown";
  /** The `kind` on the wire. */
  wireKind: string;
  /** The variant as it came. */
  raw: { [field: string]: unknown };
}

/** Where open unions lie in a value; a string names another type. */
export type Reader =
  | string
  | { items: Reader }
  | { values: Reader }
  | { fields: { readonly [field: string]: Reader } }
  | { variants: { readonly [tag: string]: Reader | null } };

export type Readers = { readonly [type: string]: Reader };

class Unknown implements UnknownVariant {
  readonly kind = "$unknown";
  readonly wireKind: string;
  readonly raw: { [field: string]: unknown };

  constructor(wireKind: string, raw: { [field: string]: unknown }) {
    this.wireKind = wireKind;
    this.raw = raw;
  }

  toJSON(): unknown {
    return this.raw;
  }
}

/** Marks the unknown variants in a value that was just parsed: in place, except at the root. */
export function readValue(readers: Readers, reader: Reader | null | undefined, value: unknown): unknown {
  if (reader === null || reader === undefined || typeof value !== "object" || value === null) return value;
  if (typeof reader === "string") return readValue(readers, readers[reader], value);
  if ("variants" in reader) {
    const { kind } = value as { kind?: unknown };
    if (typeof kind !== "string") return value;
    if (Object.hasOwn(reader.variants, kind)) return readValue(readers, reader.variants[kind], value);
    return new Unknown(kind, value as { [field: string]: unknown });
  }
  if ("items" in reader) {
    if (Array.isArray(value))
      value.forEach((item, index) => {
        value[index] = readValue(readers, reader.items, item);
      });
    return value;
  }
  const object = value as { [field: string]: unknown };
  const fields = "fields" in reader ? Object.keys(reader.fields) : Object.keys(object);
  for (const field of fields) {
    const inner = "fields" in reader ? reader.fields[field] : reader.values;
    if (Object.hasOwn(object, field)) object[field] = readValue(readers, inner, object[field]);
  }
  return value;
}
