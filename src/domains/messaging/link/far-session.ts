import { hash } from "node:crypto";
import type { InboundPolicy, RemoteSession, SendableKind } from "../../../generated/types.js";
import { CONTRACT_VERSION } from "../../../generated/version.js";
import { linkPrincipal, type PrincipalId } from "../../../kernel/principal.js";
import type { DirectorySession, LinkedDaemon } from "../ports.js";
import { kindsTaken, type TrustedRoute } from "../routing/route-source.js";

const maxName = 63;

/** As stored: what its daemon last told of it. */
export interface FarRecord {
  readonly endpoint_id: string;
  readonly session_id: string;
  readonly name: string;
  readonly description?: string;
  readonly labels?: Record<string, string>;
  readonly inbound_policy?: InboundPolicy;
  /** Something was sent to it from here. */
  readonly used?: true;
  /** Its daemon has it no more. */
  readonly gone?: true;
}

/** A session of a paired daemon: as a peer, and as the owner of the outbox for what goes to it. */
export class FarSession implements DirectorySession, TrustedRoute {
  readonly kind = "trusted";
  /** Of this daemon's own making: whatever ids another daemon tells, none of them is one of a session here. */
  readonly sessionId: string;
  readonly #daemon: () => LinkedDaemon | undefined;
  record: FarRecord;
  rev: number;
  #online = false;
  #observedAt: number | undefined;
  #leaseExpiresAt: number | undefined;

  constructor(sessionId: string, record: FarRecord, rev: number, daemon: () => LinkedDaemon | undefined) {
    this.sessionId = sessionId;
    this.record = record;
    this.rev = rev;
    this.#daemon = daemon;
  }

  /** What it is called here: its name and that of its daemon, so that no name changes hands when daemons pair. */
  get name(): string {
    return farName(this.record.name, this.#daemon()?.name);
  }

  get session(): this {
    return this;
  }

  get endpointId(): string {
    return this.record.endpoint_id;
  }

  get peerId(): string {
    return this.record.session_id;
  }

  /** No token's: nobody here may read the outbox as a session. */
  get principal(): PrincipalId {
    return linkPrincipal(this.endpointId);
  }

  get description(): string | undefined {
    return this.record.description;
  }

  get labels(): Record<string, string> | undefined {
    return this.record.labels;
  }

  get inboundPolicy(): InboundPolicy {
    return this.record.inbound_policy ?? {};
  }

  get kinds(): readonly SendableKind[] {
    // An answer goes to who asked, by its interaction; there is nothing else to answer.
    return kindsTaken(this.inboundPolicy).filter((kind) => kind !== "peer_response");
  }

  get closed(): boolean {
    return false;
  }

  get live(): boolean {
    return this.#online && this.#daemon()?.up === true;
  }

  get presence(): "online" | "offline" | "unknown" {
    if (this.#daemon()?.up !== true) return "unknown";
    return this.#online ? "online" : "offline";
  }

  get observedAt(): number | undefined {
    return this.#observedAt;
  }

  get leaseExpiresAt(): number | undefined {
    return this.live ? this.#leaseExpiresAt : undefined;
  }

  get contractVersion(): string {
    return this.#daemon()?.contract ?? CONTRACT_VERSION;
  }

  get endpointUrl(): string | undefined {
    return this.#daemon()?.url;
  }

  observe({ online, lease_expires_at }: RemoteSession, now: number): void {
    this.#online = online;
    this.#observedAt = now;
    this.#leaseExpiresAt = lease_expires_at === undefined ? undefined : Date.parse(lease_expires_at);
  }
}

/** `<session>-<daemon>`; too long a one is cut and told apart by a hash. */
export function farName(session: string, daemon = "away"): string {
  const name = `${session}-${daemon}`;
  if (name.length <= maxName) return name;
  const digits = hash("sha256", name, "hex").slice(0, 8);
  return `${name.slice(0, maxName - 9).replace(/-+$/, "")}-${digits}`;
}
