import type { InboundPolicy } from "../../../generated/types.js";
import type { StoredPrincipal } from "../../../kernel/principal.js";

/** A session as the bucket `sessions` keeps it, under its name. */
export interface SessionRecord extends StoredPrincipal {
  session_id: string;
  description?: string;
  labels?: Record<string, string>;
  inbound_policy?: InboundPolicy;
  /** Milliseconds since the epoch. */
  created_at: number;
  /** Absent in the write that changed the holder: there the fence is the write's own revision. */
  fence?: number;
  /** SHA-256 of the holder's token; absent when there never was a holder. */
  holder?: string;
  /** The holder before, so that a late one is told apart from a new one. */
  previous?: string;
  ttl_ms?: number;
  /** The holder's connection is gone; its token still works. */
  released?: true;
  closed?: true;
  /** It is closed when its holder leaves. */
  ephemeral?: boolean;
  /** Ids of sessions whose items this one has: it stands for them too. */
  absorbed?: string[];
  /** It has the name that the console's session had earlier, and is none of those. */
  separate?: true;
}
