import type { Parley } from "../../sdks/typescript/src/index.js";
import { shortTime } from "./table.js";

type Command = Parameters<Parley["send"]>[0];

/** Why a command that was accepted waits now; undefined when its recipient can take it, or it is not known. */
export async function waitNote(
  client: Parley,
  to: string | undefined,
  command: Command,
  receipt: object,
): Promise<string | undefined> {
  const { delivery } = receipt as { delivery?: { state: string; expires_at?: string } };
  // Input has no delivery: it is in the session's inbox.
  const state = delivery?.state ?? "delivered";
  if (state !== "queued" && (state !== "delivered" || !needsHost(command))) return undefined;
  // The receipt is the answer; what cannot be looked up adds nothing to it.
  const { peers } = await client.peers().catch(() => ({ peers: [] }));
  const presence = peers.find(({ name }) => name === to)?.presence.state;
  const expiry = delivery?.expires_at === undefined ? "" : `; expires ${shortTime(delivery.expires_at)}`;
  if (presence === "offline") return `· ${to} is offline: it waits until a host comes${expiry}`;
  if (presence === "unknown")
    return `· queued: the link to ${to} is down, and it waits until the link is back${expiry}`;
  return undefined;
}

/** An answer ends its interaction by itself, and the recipient's daemon carries a cancel out. */
function needsHost(command: Command): boolean {
  return (
    command.kind !== "peer_response" &&
    !(command.kind === "peer_request" && command.intent === "comms.cancel")
  );
}
