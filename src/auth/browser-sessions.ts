import { hash } from "node:crypto";
import { type Scope, scopes } from "../generated/operations.js";
import type { Backend } from "../kernel/backend.js";
import type { Clock } from "../kernel/clock.js";
import type { Principal } from "../kernel/context.js";
import { ContractError } from "../kernel/contract-error.js";
import type { Ids } from "../kernel/ids.js";
import { consoleName } from "../kernel/principal.js";
import { Expiry } from "./expiry.js";
import { type LivePrincipal, livePrincipal } from "./live-principal.js";
import { updateKey } from "./update-key.js";

const bucket = "cookies";
const ticketLifeMs = 60_000;
const cookieLifeMs = 12 * 3_600_000;
const maxTickets = 64;
/** Name of the cookie that signs the console in. */
const cookieName = "parley_session";
const cookiePattern = /(?:^|;\s*)parley_session=([A-Za-z0-9_-]{16,128})(?:;|$)/;

export interface BrowserSessionsOptions {
  backend: Backend;
  clock: Clock;
  ids: Ids;
}

/** Signs browsers in: a one-time ticket in memory buys a cookie whose session is durable, so that a restart needs no reload. */
export class BrowserSessions {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #ids: Ids;
  /** Hash of the ticket to the end of its life. */
  readonly #tickets = new Map<string, Expiry>();
  /** Hash of the cookie to its session. */
  readonly #sessions = new Map<string, { live: LivePrincipal; expiry: Expiry; stopTimer: () => void }>();

  private constructor(options: BrowserSessionsOptions) {
    this.#backend = options.backend;
    this.#clock = options.clock;
    this.#ids = options.ids;
  }

  /** Loads the sessions that are still alive and clears the others away. */
  static async open(options: BrowserSessionsOptions): Promise<BrowserSessions> {
    const store = new BrowserSessions(options);
    const { entries } = await options.backend.list(bucket);
    for (const { key, value } of entries) {
      const { expiresAt } = JSON.parse(value) as { expiresAt: number };
      if (expiresAt > options.clock.now()) {
        store.#remember(key, expiresAt);
      } else {
        await store.#forget(key);
      }
    }
    return store;
  }

  /** A new ticket; the oldest goes when there are too many. */
  create(): { ticket: string; expiresAt: number } {
    const now = this.#clock.now();
    for (const [key, expiry] of this.#tickets) {
      if (expiry.over || this.#tickets.size >= maxTickets) {
        this.#tickets.delete(key);
      }
    }
    const ticket = this.#ids.secret(24);
    const expiresAt = now + ticketLifeMs;
    this.#tickets.set(digest(ticket), new Expiry(this.#clock, expiresAt));
    return { ticket, expiresAt };
  }

  /** Uses a ticket up and resolves with the Set-Cookie header once the session is durable. */
  async signIn(ticket: string): Promise<string> {
    const key = digest(ticket);
    const expiry = this.#tickets.get(key);
    this.#tickets.delete(key);
    if (expiry === undefined || expiry.over) {
      throw new ContractError("ticket_invalid");
    }
    const secret = this.#ids.secret(32);
    const now = this.#clock.now();
    const expiresAt = now + cookieLifeMs;
    const value = JSON.stringify({ createdAt: now, expiresAt });
    await updateKey(this.#backend, bucket, digest(secret), () => ({ value, expiresAt }));
    this.#remember(digest(secret), expiresAt);
    return setCookie(secret, cookieLifeMs / 1000);
  }

  /** Ends the session that a Cookie header names and gives the header that removes the cookie; no session is fine. */
  async signOut(cookieHeader: string | undefined): Promise<string> {
    const key = cookieKey(cookieHeader);
    if (key !== null && this.#sessions.has(key)) {
      await this.#forget(key);
    }
    return setCookie("", 0);
  }

  /** The principal that a Cookie header proves, or null. */
  verify(cookieHeader: string | undefined): Principal | null {
    const key = cookieKey(cookieHeader);
    const session = key === null ? undefined : this.#sessions.get(key);
    return session === undefined || session.expiry.over ? null : session.live.principal;
  }

  close(): void {
    for (const session of this.#sessions.values()) {
      session.stopTimer();
    }
  }

  #remember(key: string, expiresAt: number): void {
    const live = livePrincipal({
      name: consoleName,
      kind: "browser",
      scopes: new Set<Scope>(scopes),
      sessions: ["*"],
    });
    const expiry = new Expiry(this.#clock, expiresAt);
    const stopTimer = expiry.whenOver(() => {
      this.#sessions.delete(key);
      live.end();
    });
    this.#sessions.set(key, { live, expiry, stopTimer });
  }

  async #forget(key: string): Promise<void> {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session?.stopTimer();
    session?.live.end();
    await updateKey(this.#backend, bucket, key, (current) =>
      current === undefined ? null : { value: undefined },
    );
  }
}

function digest(secret: string): string {
  return hash("sha256", secret, "hex");
}

function cookieKey(header: string | undefined): string | null {
  const match = header === undefined ? null : cookiePattern.exec(header);
  return match === null ? null : digest(match[1]!);
}

function setCookie(value: string, maxAgeSeconds: number): string {
  return `${cookieName}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${maxAgeSeconds}`;
}
