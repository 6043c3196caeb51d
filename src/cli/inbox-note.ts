import type { GlobalOptions } from "./client.js";
import { note, paint } from "./output.js";
import { shortTime } from "./table.js";

/** Prints in one line what waits for the caller, when the result carries it and a person reads. */
export function noteInbox(result: object, { as }: GlobalOptions): void {
  const { inbox } = result as { inbox?: { waiting: number; oldest_at: string } };
  if (inbox === undefined || !process.stderr.isTTY) return;
  const { waiting, oldest_at } = inbox;
  const what = waiting === 1 ? "1 message waits" : `${waiting} messages wait`;
  const command = as === undefined ? "parley inbox" : `parley inbox ${as}`;
  note(paint("dim", `${what} for ${as ?? "you"}, since ${shortTime(oldest_at)}: ${command}`));
}
