import { readFileSync } from "node:fs";
import { join } from "node:path";
import { walk } from "./gate.js";

/** An operation as its schema file declares it, read without the generator. */
export interface DeclaredOperation {
  id: string;
  plane: string;
  verb: string;
  rest: { method: string; path: string; status: number } | null;
  rpc: string | null;
  mcp: { tool: string } | null;
  cli: { command: string } | null;
  errors: string[];
}

/** The operations of the schema files, sorted by id. */
export function declaredOperations(root: string): DeclaredOperation[] {
  return blocks<Omit<DeclaredOperation, "plane" | "verb">>(root, "operation")
    .map((block) => {
      const [plane = "", verb = ""] = block.id.split(".");
      return { ...block, plane, verb };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The events of the schema files. */
export function declaredEvents(root: string): { id: string; rpc: string }[] {
  return blocks(root, "event");
}

/** The byte routes of the schema files. */
export function declaredRoutes(root: string): { id: string; path: string; errors: string[] }[] {
  return blocks(root, "raw");
}

/** The error codes of `schemas/errors.json`. */
export function declaredErrors(root: string): { code: string; client_only?: boolean }[] {
  const text = readFileSync(join(root, "schemas/errors.json"), "utf8");
  return (JSON.parse(text) as { errors: { code: string; client_only?: boolean }[] }).errors;
}

function blocks<Block>(root: string, key: string): Block[] {
  return walk(root, "schemas")
    .filter((path) => path.endsWith(".json") && !/^schemas\/(?:dist|baseline)\//.test(path))
    .flatMap((path) => {
      const block = (JSON.parse(readFileSync(join(root, path), "utf8")) as Record<string, unknown>)[key];
      return typeof block === "object" && block !== null && "id" in block ? [block as Block] : [];
    });
}
