import type { OperationId } from "../../../src/generated/operations.js";

/** One input of one operation, the same for every surface. */
export interface FuzzCase {
  operation: OperationId;
  /** JSON, or what was made of it. `{{name}}` stands for what each surface's own world holds under that name. */
  text: string;
  /** Whether the call acts as the world's session. */
  acting: boolean;
  /** Whether the token may only read. */
  weak: boolean;
}

/** What JSON makes of a text; undefined when it is none. */
export function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
