import type { SendReceipt } from "../../src/generated/types.js";

/** The receipt as it is stored: what waits for the caller belongs to each answer alone. */
export function storedReceipt<T extends object>(receipt: T): Omit<T, "inbox"> {
  const { inbox: _, ...stored } = receipt as T & Pick<SendReceipt, "inbox">;
  return stored as Omit<T, "inbox">;
}
