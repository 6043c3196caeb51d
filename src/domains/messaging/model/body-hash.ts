import { hash } from "node:crypto";
import type { CommsCommand } from "../../../generated/types.js";

/** Tells two commands apart whatever the order of their fields; `options` say how to send, not what. */
export function bodyHash(command: CommsCommand): string {
  const { options: _, ...said } = command;
  return hash("sha256", JSON.stringify(said, sortFields), "base64url");
}

function sortFields(_: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
