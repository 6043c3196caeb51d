import type { Contract, Emitter, Shape, TypeDef } from "../contract.js";
import { lowerShape, resolveShape, type Schema, typeMap, type View } from "../lower.js";
import { SourceFile } from "../printer.js";

/** `mcp.ts`: tools of the MCP surface. */
export const emitMcp: Emitter = (contract) => {
  const file = new SourceFile("src/generated/mcp.ts", "schemas/*/*.json");
  const id = file.importType("OperationId", "./operations.js");
  file.doc("An operation as an MCP tool.");
  file.block("export interface McpTool {", "}", () => {
    file.print("name: string;");
    file.print(`operation: ${id};`);
    file.print("description: string;");
    file.doc("The request travels as `{[wrap]: request}`; null: as the arguments themselves.");
    file.print("wrap: string | null;");
    file.print("inputSchema: object;");
    file.print("outputSchema: object;");
  });
  file.print();
  file.doc("Every tool.");
  file.value("export const mcpTools: readonly McpTool[] = ", mcpTools(contract), ";");
  return [file.toOutput()];
};

/** The tools with their schemas as MCP clients take them: an object at the root, nothing referenced. */
export function mcpTools(contract: Contract): object[] {
  const types = typeMap(contract);
  return contract.operations.flatMap(({ id, mcp, request, response }) => {
    if (mcp === null) return [];
    const input = inlineType(types, request, "request");
    return [
      {
        name: mcp.tool,
        operation: id,
        description: mcp.description,
        wrap: mcp.wrap,
        inputSchema: mcp.wrap === null ? input : wrapped(mcp.wrap, input),
        outputSchema: outputRoot(types, types.get(response)?.shape),
      },
    ];
  });
}

function wrapped(field: string, schema: Schema): Schema {
  return { type: "object", additionalProperties: false, properties: { [field]: schema }, required: [field] };
}

function inlineType(types: ReadonlyMap<string, TypeDef>, name: string, view: View): Schema {
  const type = types.get(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  const schema = lowerShape(type.shape, {
    view,
    describedFor: "mcp",
    ref: (target) => inlineType(types, target, view),
  });
  // `discriminator` is OpenAPI's; clients in strict mode refuse keywords they do not know.
  const { discriminator: _discriminator, ...rest } = schema;
  return { ...rest, ...(type.description === "" ? {} : { description: type.description }) };
}

/** A union has no place at the root: its variants' fields stand in one open object, those of all variants required. */
function outputRoot(types: ReadonlyMap<string, TypeDef>, shape: Shape | undefined): Schema {
  const real = shape === undefined ? undefined : resolveShape(types, shape);
  const ref = (name: string): Schema => inlineType(types, name, "response");
  if (real?.kind === "object") return lowerShape(real, { view: "response", describedFor: "mcp", ref });
  if (real?.kind !== "union") throw new Error("an MCP tool answers with an object or a union of objects");
  const variants = real.variants.map(({ type }) => ref(type));
  const properties: Record<string, unknown> = {};
  for (const variant of variants)
    for (const [name, schema] of Object.entries(variant.properties as object)) properties[name] ??= schema;
  properties[real.discriminator] = {
    type: "string",
    description: `One of: ${real.variants.map(({ tag }) => tag).join(", ")}.`,
  };
  const required = Object.keys(properties).filter((name) =>
    variants.every((variant) => (variant.required as string[]).includes(name)),
  );
  return { type: "object", properties, required };
}
