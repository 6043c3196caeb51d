import { hash } from "node:crypto";

/**
 * An id that follows from its parts, shaped as a UUID of version 8: who repeats a step makes the same id, and the log
 * takes it once.
 */
export function derivedId(...parts: readonly (string | number)[]): string {
  const hex = hash("sha256", JSON.stringify(parts), "hex");
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function isDerived(id: string): boolean {
  return id[14] === "8";
}
