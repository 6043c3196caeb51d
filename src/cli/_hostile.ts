import { readFileSync } from "node:fs";
import fc from "fast-check";

interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
}

const contract = JSON.parse(
  readFileSync(new URL("../../schemas/dist/contract.schema.json", import.meta.url), "utf8"),
) as { $defs: Record<string, Schema> };

/** Sequences that terminals obey, and a line that looks like one of the command's own. */
const hostile = [
  "\u001b[2J\u001b[H",
  "\u001b]0;title\u0007",
  "\u001b]8;;http://evil/\u001b\\link\u001b]8;;\u001b\\",
  "\u001b[31m",
  "\u001bP0;0|stuff\u001b\\",
  "\u009b2J",
  "\u009d52;c;aGk=\u009c",
  "\r\n· complete",
  "\u202etxt.exe",
  "\u2066x\u2069",
  "\u2028",
  "\ufeff",
  "\u0000",
  "\u007f",
];

/** Any text, with every control character that there is likely in it. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...hostile),
      fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code)),
      fc.constantFrom("\u061c", "\u200e", "\u200f", "\u2029", "\u202a", "\u2067", "\u206f", "\ufff9"),
      fc.string({ unit: "grapheme", maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(""));

/** Names of the contract's types that match. */
export function typesLike(pattern: RegExp): string[] {
  return Object.keys(contract.$defs).filter((name) => pattern.test(name));
}

/** Names of the variants of a union. */
export function variantsOf(name: string): string[] {
  return contract.$defs[name]!.oneOf!.map(({ $ref }) => nameOf($ref!));
}

/**
 * A value of the type with every field that there is, and `text` in each one that holds text: peers may be newer, or lie, so
 * patterns and closed sets do not count. Only what names the variant stays.
 */
export function filled(name: string, text: string): unknown {
  return instanceOf(contract.$defs[name]!, text, 0);
}

function instanceOf(schema: Schema, text: string, depth: number): unknown {
  if (schema.$ref !== undefined) return instanceOf(contract.$defs[nameOf(schema.$ref)]!, text, depth);
  if (schema.const !== undefined) return schema.const;
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants !== undefined) return depth > 6 ? text : instanceOf(variants[0]!, text, depth + 1);
  switch (schema.type) {
    case "string":
      return text;
    case "integer":
    case "number":
      return 7;
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return [instanceOf(schema.items ?? {}, text, depth + 1)];
    case "object": {
      const fields = Object.entries(schema.properties ?? {}).map(([field, one]) => [
        field,
        instanceOf(one, text, depth + 1),
      ]);
      return {
        ...Object.fromEntries(fields),
        ...(schema.additionalProperties === false ? {} : { [text]: text }),
      };
    }
    default:
      // Any JSON: names are a peer's too.
      return { message: text, body: text, [text]: [text, { [text]: text }] };
  }
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}
