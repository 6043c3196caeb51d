import type { Shape } from "../../codegen/contract.js";

/** The JSON Schema of the config file, as far as it goes: no references, unions of literals only. */
export interface ConfigSchema {
  type?: string;
  const?: string;
  anyOf?: ConfigSchema[];
  properties?: Record<string, ConfigSchema>;
  required?: string[];
  items?: ConfigSchema;
  default?: unknown;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}

/** What the comparison reads, and texts. Another keyword could narrow a value without being compared. */
const compared = new Set(
  "type const anyOf properties required additionalProperties items default pattern minLength maxLength minimum maximum minItems maxItems description title examples".split(
    " ",
  ),
);

/** The shape that the comparator knows. A field with a default may be left out, so it is not required. */
export function configShape(schema: ConfigSchema): Shape {
  const unknown = Object.keys(schema).find((keyword) => !compared.has(keyword));
  if (unknown !== undefined)
    throw new Error(
      `the config uses \`${unknown}\`, which the comparison does not know: add it to configShape`,
    );
  if (schema.anyOf) {
    if (schema.anyOf.some((arm) => typeof arm.const !== "string"))
      throw new Error("the config has a choice that is not of literal strings: add its form to configShape");
    const values = schema.anyOf.map((arm) => String(arm.const));
    return { kind: "string", enum: values, maxLength: Math.max(...values.map((value) => value.length)) };
  }
  switch (schema.type) {
    case "object":
      return {
        kind: "object",
        open: false,
        properties: Object.entries(schema.properties ?? {}).map(([name, property]) => ({
          name,
          description: "",
          required: property.default === undefined && (schema.required ?? []).includes(name),
          shape: configShape(property),
          // A section's default is empty: its fields have their own.
          ...(property.default === undefined || property.type === "object"
            ? {}
            : { default: property.default }),
        })),
      };
    case "array":
      return {
        kind: "array",
        items: configShape(schema.items ?? {}),
        minItems: schema.minItems ?? 0,
        maxItems: schema.maxItems ?? Number.MAX_SAFE_INTEGER,
      };
    case "integer":
      return {
        kind: "integer",
        minimum: schema.minimum ?? Number.MIN_SAFE_INTEGER,
        maximum: schema.maximum ?? Number.MAX_SAFE_INTEGER,
      };
    case "boolean":
      return { kind: "boolean" };
    case "string":
      return {
        kind: "string",
        maxLength: schema.maxLength ?? Number.MAX_SAFE_INTEGER,
        ...(schema.minLength === undefined ? {} : { minLength: schema.minLength }),
        ...(schema.pattern === undefined ? {} : { pattern: schema.pattern }),
      };
    default:
      throw new Error(`the config has a schema that the comparator does not know: ${JSON.stringify(schema)}`);
  }
}
