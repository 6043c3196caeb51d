import { createHash } from "node:crypto";
import type { Contract } from "./contract.js";
import { compareText } from "./source.js";

/** Texts, and where they stand: changing them changes no program. */
const texts = new Set([
  "description",
  "summary",
  "text",
  "title",
  "example",
  "surfaceValues",
  "origin",
  "digest",
  "version",
]);

/** The contract without texts and examples, keys and sets sorted: equal for equal wires. */
export function canonicalText(contract: Contract): string {
  return JSON.stringify(canonical(contract));
}

/** sha256 of the canonical form, 64 hex digits. */
export function digestOf(contract: Contract): string {
  return sha256(canonicalText(contract));
}

/** sha256 of UTF-8 text, 64 hex digits. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

function canonical(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item));
    // Order carries meaning only where a program or a terminal shows it.
    return key === "columns" ||
      key === "args" ||
      key === "idempotencyPath" ||
      key === "path" ||
      key === "planes"
      ? items
      : items
          .map((item) => [JSON.stringify(item), item] as const)
          .sort(([a], [b]) => compareText(a, b))
          .map(([, item]) => item);
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name]) => !texts.has(name))
    .sort(([a], [b]) => compareText(a, b));
  // A default is data of the wire: nothing in it is a text.
  return Object.fromEntries(
    entries.map(([name, item]) => [name, name === "default" ? item : canonical(item, name)]),
  );
}
