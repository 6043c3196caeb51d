import type { CommsCommand } from "../../../generated/types.js";
import { ContractError, type DetailIssue } from "../../../kernel/contract-error.js";
import type { DirectorySession } from "../ports.js";

/** Bytes that the daemon's own fields need beside the command when it is stored again, as an event or a copy. */
export const reservedBytes = 2 * 1024;
/** When a session without a host is worth another try, milliseconds. */
const retryMs = 1_000;

export function offline(): ContractError {
  return new ContractError("peer_offline", { retryAfterMs: retryMs });
}

/** As `peers` reports it. */
export function isOnline(
  { live, sessionId }: DirectorySession,
  isRead: (sessionId: string) => boolean,
): boolean {
  return live || isRead(sessionId);
}

export function expectedPeer({ options }: CommsCommand): string | undefined {
  return options?.expect_peer_id;
}

/** The name, or the session, must still belong to the peer that the sender means. */
export function checkIdentity(command: CommsCommand, peerId: string): void {
  const expected = expectedPeer(command);
  if (expected !== undefined && expected !== peerId) throw new ContractError("peer_identity_changed");
}

export function refuse(field: string, issue: DetailIssue, expected: string, got: string): never {
  throw new ContractError("invalid_command", { details: [{ field, issue, expected, got }] });
}
