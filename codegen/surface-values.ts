import type { Property } from "./contract.js";

/** Surfaces whose documents show the one value that a field takes there, with their names in texts. */
const surfaceNames = { rest: "REST", rpc: "JSON-RPC", mcp: "MCP", cli: "the CLI" } as const;

export type DocumentSurface = keyof typeof surfaceNames;

/** The one value that each surface accepts. */
export type SurfaceValues = Record<DocumentSurface, string>;

/** Every surface, in the order of texts. */
export const documentSurfaces = Object.keys(surfaceNames) as DocumentSurface[];

/** A field's text and examples in the document of one surface; without a surface the text names what each accepts. */
export function shownOn(
  { description, surfaceValues }: Property,
  surface: DocumentSurface | null,
): { description: string; examples?: string[] } {
  if (surfaceValues === undefined) return { description };
  if (surface === null) return { description: `${description} ${allValues(surfaceValues)}`.trim() };
  const value = surfaceValues[surface];
  const name = surfaceNames[surface];
  const sentence = `${name.charAt(0).toUpperCase()}${name.slice(1)} accepts only \`${value}\`.`;
  return { description: `${description} ${sentence}`.trim(), examples: [value] };
}

/** For example "REST accepts only `a`; JSON-RPC, MCP and the CLI accept only `b`." */
function allValues(values: SurfaceValues): string {
  const groups = Map.groupBy(documentSurfaces, (surface) => values[surface]);
  const clauses = [...groups].map(([value, surfaces]) => {
    const names = surfaces.map((surface) => surfaceNames[surface]);
    const last = names.pop();
    const list = names.length === 0 ? last : `${names.join(", ")} and ${last}`;
    return `${list} ${names.length === 0 ? "accepts" : "accept"} only \`${value}\``;
  });
  const text = `${clauses.join("; ")}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
