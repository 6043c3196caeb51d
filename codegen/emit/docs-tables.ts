import type { Property, Shape, TypeDef } from "../contract.js";
import { shownOn } from "../surface-values.js";

/** A Markdown table; cells are escaped. */
export function table(head: string[], rows: string[][]): string[] {
  const line = (cells: string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), `|${head.map(() => " --- ").join("|")}|`, ...rows.map(line)];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** A shape in words, with its limits; named types link to `types`, the path of the page that describes them. */
function shapeText(shape: Shape, types: string): string {
  switch (shape.kind) {
    case "string":
      if (shape.const !== undefined) return `\`"${shape.const}"\``;
      if (shape.enum)
        return `${shape.enum.map((value) => `\`${value}\``).join(", ")}${shape.open ? ", more may come" : ""}`;
      return `string, ${shape.minLength ? `${shape.minLength} to ` : "at most "}${count(shape.maxLength)} characters${shape.pattern === undefined ? "" : `, \`${shape.pattern}\``}`;
    case "integer":
      return `integer, ${bounds(shape.minimum, shape.maximum)}`;
    case "boolean":
      return "boolean";
    case "json":
      return "any JSON";
    case "array":
      return `array of ${shapeText(shape.items, types)} (${shape.minItems > 0 ? `${shape.minItems} to ` : "at most "}${count(shape.maxItems)})`;
    case "map":
      return `map of ${shapeText(shape.values, types)} (at most ${count(shape.maxProperties)}; keys \`${shape.keyPattern}\`)`;
    case "object":
      return "object";
    case "union":
      return `one of ${shape.variants.map((v) => link(v.type, types)).join(", ")}${shape.open ? ", more may come" : ""}`;
    case "ref":
      return link(shape.name, types);
  }
}

function link(name: string, types: string): string {
  return `[${name}](${types}#${name.toLowerCase()})`;
}

function bounds(minimum: number, maximum: number): string {
  return maximum === Number.MAX_SAFE_INTEGER
    ? `from ${count(minimum)}`
    : `${count(minimum)} to ${count(maximum)}`;
}

function count(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** The fields of a type as a table; nested objects without a name of their own follow as dotted fields. */
export function fieldTable(type: TypeDef, types: string): string[] {
  const { shape } = type;
  if (shape.kind === "object") {
    const rows = fieldRows(shape.properties, "", types);
    const open = shape.open ? ["", "More fields may come."] : [];
    return rows.length === 0
      ? ["No fields.", ...open]
      : [...table(["Field", "Type", "Needed", "Meaning"], rows), ...open];
  }
  if (shape.kind === "union")
    return [
      ...table(
        [`\`${shape.discriminator}\``, "Variant"],
        shape.variants.map((variant) => [`\`${variant.tag}\``, link(variant.type, types)]),
      ),
      ...(shape.open ? ["", "More variants may come."] : []),
    ];
  return [`${shapeText(shape, types)}`];
}

function fieldRows(properties: Property[], prefix: string, types: string): string[][] {
  return properties.flatMap((property) => {
    const path = prefix + property.name;
    const fallback =
      property.default === undefined ? "" : ` Default: \`${JSON.stringify(property.default)}\`.`;
    const row = [
      `\`${path}\``,
      shapeText(property.shape, types),
      property.required ? "yes" : "no",
      `${shownOn(property, null).description}${fallback}`,
    ];
    const item = property.shape.kind === "array" ? property.shape.items : property.shape;
    const inner =
      item.kind === "object"
        ? fieldRows(item.properties, `${path}${item === property.shape ? "" : "[]"}.`, types)
        : [];
    return [row, ...inner];
  });
}
