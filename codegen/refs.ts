import { typeName } from "./names.js";
import { isObject, type JsonObject, type SchemaFile } from "./source.js";

/** One named schema: an entry of some file's `$defs`. */
export interface Definition {
  /** Name in the contract. */
  name: string;
  file: SchemaFile;
  /** Key in the file's `$defs`. */
  key: string;
  /** For example `schemas/comms/types.json#/$defs/CommsCommand`. */
  origin: string;
  schema: JsonObject;
}

/** All named schemas by origin. */
export type Definitions = ReadonlyMap<string, Definition>;

/** Collects the `$defs` of all files. */
export function collectDefinitions(files: SchemaFile[]): Definitions {
  const found = new Map<string, Definition>();
  for (const file of files) {
    const defs = file.json.$defs;
    if (!isObject(defs)) continue;
    for (const [key, schema] of Object.entries(defs)) {
      const origin = `${file.path}#/$defs/${key}`;
      if (isObject(schema)) found.set(origin, { name: typeName(key, idOf(file)), file, key, origin, schema });
    }
  }
  return found;
}

/** The id in the file's operation, event, message or raw block. */
export function idOf(file: SchemaFile): string | undefined {
  const block = file.json[file.kind];
  return isObject(block) && typeof block.id === "string" ? block.id : undefined;
}

/** The origin that a `$ref` of a file names, whether or not it exists. */
export function refTarget(file: SchemaFile, ref: string): string {
  const [path = "", pointer = ""] = ref.split("#");
  return `${path === "" ? file.path : joinPath(file.path, path)}#${pointer}`;
}

function joinPath(from: string, relative: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of relative.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The definition that a `$ref` names. */
export function resolveRef(definitions: Definitions, file: SchemaFile, ref: string): Definition {
  const target = definitions.get(refTarget(file, ref));
  if (target === undefined)
    throw new Error(`${file.path}: "$ref": "${ref}" names nothing; write a path that exists.`);
  return target;
}
