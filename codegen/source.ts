import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a schema file holds; the name's ending says it. */
export type FileKind = "types" | "plane" | "operation" | "event" | "message" | "raw" | "errors" | "headers";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** One parsed file of `schemas/`. */
export interface SchemaFile {
  /** Relative to the repository root, for example `schemas/comms/send.json`. */
  path: string;
  kind: FileKind;
  /** The folder: `common` or the plane; "" at the top. */
  folder: string;
  /** The file's name without its endings, for example `stream_event`. */
  stem: string;
  json: JsonObject;
}

/** Folders and files of `schemas/` that are not sources of the contract. */
const outside = new Set(["dist", "baseline", "operation.meta.json"]);

/** Reads every source file below `schemas/`. `order` permutes the reading order and must not matter. */
export function readSources(
  root: string,
  order: (paths: string[]) => string[] = (paths) => paths,
): SchemaFile[] {
  const paths: string[] = [];
  for (const entry of readdirSync(join(root, "schemas"), { withFileTypes: true })) {
    if (outside.has(entry.name)) continue;
    if (entry.isFile()) paths.push(`schemas/${entry.name}`);
    else
      for (const name of readdirSync(join(root, "schemas", entry.name)))
        paths.push(`schemas/${entry.name}/${name}`);
  }
  const files = order(paths.filter((path) => path.endsWith(".json"))).map((path) =>
    parseSource(path, readFileSync(join(root, path), "utf8")),
  );
  return files.sort((a, b) => compareText(a.path, b.path));
}

/** Parses one file; the path decides its kind. */
export function parseSource(path: string, text: string): SchemaFile {
  let json: Json;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: not valid JSON (${(error as Error).message}); fix the syntax.`);
  }
  const parts = path.split("/").slice(1);
  const name = parts.at(-1) ?? "";
  return {
    path,
    kind: kindOf(parts),
    folder: parts.length > 1 ? (parts[0] ?? "") : "",
    stem: name.replace(/(?:\.(?:event|message|raw))?\.json$/, ""),
    json: json as JsonObject,
  };
}

function kindOf(parts: string[]): FileKind {
  const name = parts.at(-1) ?? "";
  if (parts.length === 1) return "errors";
  if (parts.join("/") === "common/headers.json") return "headers";
  if (parts[0] === "common" || name === "types.json") return "types";
  if (name === "plane.json") return "plane";
  const suffix = /\.(event|message|raw)\.json$/.exec(name)?.[1];
  return (suffix as FileKind | undefined) ?? "operation";
}

/** Orders by code unit, the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether the value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
