import { quoted } from "../../../../sdks/typescript/src/runtime/node/own-path.js";
import { catalogue, type TroubleId } from "./catalogue.js";

/** What one check found. A trouble's id is a row of docs/troubleshooting.md. */
export interface Finding {
  check: string;
  state: "ok" | "note" | "warning" | "problem";
  /** What is so here. */
  says: string;
  id?: TroubleId;
  why?: string;
  fix?: string;
}

export type Result = Omit<Finding, "check">;

export function ok(says: string): Result {
  return { state: "ok", says };
}

/** A trouble of the catalogue; `filled` goes into the `<...>` places of its fix, a path as a shell reads it. */
export function trouble(id: TroubleId, says: string, filled: Record<string, string | number> = {}): Result {
  const { state, why, fix } = catalogue[id];
  const typed = Object.entries(filled).reduce(
    (text, [name, value]) =>
      text.replaceAll(`<${name}>`, name === "path" ? quoted(String(value)) : String(value)),
    fix as string,
  );
  return { id, state, says, why, fix: typed };
}
