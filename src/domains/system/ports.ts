import type { IssuedToken, Scope, SystemStatusResponse, Token } from "../../generated/types.js";
import type { Principal } from "../../kernel/context.js";

/** What the system plane needs from outside; `daemon.ts` binds it. */
export interface SystemPorts {
  version: string;
  tokens: {
    create(input: {
      name: string;
      scopes: readonly Scope[];
      sessions: readonly string[];
      ttlMs?: number;
    }): Promise<IssuedToken>;
    list(): Promise<Token[]>;
    rotate(tokenId: string, overlapMs: number): Promise<IssuedToken>;
    revoke(tokenId: string): Promise<void>;
  };
  tickets: { create(): { ticket: string; expiresAt: number } };
  /** Throws `permission_denied` unless the principal may act as the session. */
  requireSession(principal: Principal, session: string): void;
  health(): "ok" | "degraded" | "stopping";
  /** HTTP base address of the TCP listener. */
  address(): string;
  status(): Promise<SystemStatusResponse>;
  /** Begins the graceful stop and returns at once. */
  stop(): void;
}
