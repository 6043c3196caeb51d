import { commonErrors } from "./common-errors.js";
import type { Contract, ErrorDef, Operation } from "./contract.js";

/** Every error that an operation can give, its own, the common ones and the surface's `extra`, sorted by code. */
export function errorsOf(contract: Contract, operation: Operation, extra: string[] = []): ErrorDef[] {
  const codes = new Set([...operation.errors, ...commonErrors, operation.validationError, ...extra]);
  return contract.errors.filter((error) => codes.has(error.code)).sort((a, b) => (a.code < b.code ? -1 : 1));
}
