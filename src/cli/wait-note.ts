import type { Parley } from "../../sdks/typescript/src/index.js";
import { shortTime } from "./table.js";

/** A receipt's delivery, which answers and input may lack. */
interface Sent {
  delivery?: { state: string; expires_at?: string };
}

/** Why a command that was accepted waits now; undefined when its recipient can take it, or it is not known. */
export async function waitNote(
  client: Parley,
  to: string | undefined,
  receipt: object,
): Promise<string | undefined> {
  const { delivery } = receipt as Sent;
  if (delivery?.state !== "queued" && delivery?.state !== "delivered") return undefined;
  // The receipt is the answer; what cannot be looked up adds nothing to it.
  const { peers } = await client.peers().catch(() => ({ peers: [] }));
  const presence = peers.find(({ name }) => name === to)?.presence.state;
  const expiry = delivery.expires_at === undefined ? "" : `; expires ${shortTime(delivery.expires_at)}`;
  if (presence === "offline") return `· ${to} is offline: it waits until a host comes${expiry}`;
  if (presence === "unknown") return `· the link to ${to} is down: it waits until the link is back${expiry}`;
  return undefined;
}
