import { createHmac, hash, timingSafeEqual } from "node:crypto";
import { type Scope, scopes } from "../generated/operations.js";
import type { PageSession } from "../kernel/authentication.js";
import type { Backend } from "../kernel/backend.js";
import type { Clock } from "../kernel/clock.js";
import type { Principal } from "../kernel/context.js";
import { ContractError } from "../kernel/contract-error.js";
import type { Ids } from "../kernel/ids.js";
import { consoleName } from "../kernel/principal.js";
import { Expiry } from "./expiry.js";
import { type LivePrincipal, livePrincipal } from "./live-principal.js";
import { Tickets } from "./tickets.js";
import { updateKey } from "./update-key.js";

const bucket = "cookies";
const lifeMs = 12 * 3_600_000;
/** Name of the cookie that signs the console in. */
const cookieName = "parley_session";
const cookiePattern = /(?:^|;\s*)parley_session=([A-Za-z0-9_-]{16,128})(?=;|$)/g;
/** Other servers of this host may set cookies of the same name, which come first when their paths are longer. */
const maxCookies = 4;

export interface BrowserSessionsOptions {
  backend: Backend;
  clock: Clock;
  ids: Ids;
}

/** As stored under the cookie's hash: secrets only as sha256, times in milliseconds. */
interface SessionRecord {
  createdAt: number;
  expiresAt: number;
  /** Absent in sessions of earlier versions, whose cookie alone was enough. */
  pageKey?: string;
  /** The daemon's TCP port at sign-in. */
  port?: number;
}

interface BrowserSession {
  readonly live: LivePrincipal;
  readonly expiry: Expiry;
  readonly pageKey: Buffer;
  readonly port: number;
  stopTimer(): void;
}

/** What a browser gets for its ticket. */
export interface SignedIn {
  /** Value of the Set-Cookie header. */
  setCookie: string;
  /** The second secret: the page keeps it in storage bound to its origin. */
  pageKey: string;
  expiresAt: number;
}

/**
 * Browsers that are signed in. Browsers send the cookie to every server of this host, whatever its port, so a session is
 * proven by the cookie together with the page key, which only pages of this origin can read. Sessions are durable: a
 * restart needs no sign-in.
 */
export class BrowserSessions {
  readonly tickets: Tickets;
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #ids: Ids;
  /** By the cookie's hash. */
  readonly #sessions = new Map<string, BrowserSession>();
  #port: number | undefined;

  private constructor({ backend, clock, ids }: BrowserSessionsOptions) {
    this.tickets = new Tickets(clock, ids);
    this.#backend = backend;
    this.#clock = clock;
    this.#ids = ids;
  }

  /** Loads the sessions that still count and removes the others, those of earlier versions among them. */
  static async open(options: BrowserSessionsOptions): Promise<BrowserSessions> {
    const store = new BrowserSessions(options);
    const { entries } = await options.backend.list(bucket);
    for (const { key, value } of entries) {
      const record = JSON.parse(value) as SessionRecord;
      if (record.expiresAt > options.clock.now() && isWhole(record)) store.#remember(key, record);
      else await store.#forget(key);
    }
    return store;
  }

  /**
   * Sets the port that the daemon listens on. No session counts before. Sessions of another port end: pages of that
   * origin may be another program's by now, which can read what the browser keeps for it.
   */
  async listenOn(port: number): Promise<void> {
    this.#port = port;
    for (const [key, session] of this.#sessions) if (session.port !== port) await this.#forget(key);
  }

  /** Uses the ticket up and resolves once the session is durable. Throws `ticket_invalid`. */
  async signIn(ticket: string): Promise<SignedIn> {
    if (!this.tickets.use(ticket) || this.#port === undefined) throw new ContractError("ticket_invalid");
    const [cookie, pageKey] = [this.#ids.secret(32), this.#ids.secret(32)];
    const now = this.#clock.now();
    const record = {
      createdAt: now,
      expiresAt: now + lifeMs,
      pageKey: digest(pageKey).toString("base64url"),
      port: this.#port,
    };
    const { expiresAt } = record;
    const key = keyOf(cookie);
    await updateKey(this.#backend, bucket, key, () => ({ value: JSON.stringify(record), expiresAt }));
    this.#remember(key, record);
    return { setCookie: setCookie(cookie, lifeMs / 1000), pageKey, expiresAt };
  }

  /** Ends the session that cookie and page key prove; without both it ends none. Returns the header that removes the cookie. */
  async signOut(cookieHeader: string | undefined, pageKey: string | undefined): Promise<string> {
    const found = this.#find(cookieHeader);
    if (found !== undefined && proves(found.session, pageKey)) await this.#forget(found.key);
    return setCookie("", 0);
  }

  /** The principal that cookie and page key prove together, or null. */
  verify(cookieHeader: string | undefined, pageKey: string | undefined): Principal | null {
    const session = this.#find(cookieHeader)?.session;
    return session !== undefined && proves(session, pageKey) ? session.live.principal : null;
  }

  /** The session that the cookie names, for a connection whose page key follows. */
  unproven(cookieHeader: string | undefined): PageSession | null {
    if (this.#find(cookieHeader) === undefined) return null;
    return {
      prove: (pageKey) => this.verify(cookieHeader, pageKey),
      answer: (nonce) => this.answer(cookieHeader, nonce),
    };
  }

  /**
   * Proves to a page that this is the daemon that it is signed in to, before the page sends its key: only this daemon has
   * the key's hash. Null when the cookie names no session.
   */
  answer(cookieHeader: string | undefined, nonce: string): string | null {
    const session = this.#find(cookieHeader)?.session;
    if (session === undefined) return null;
    return createHmac("sha256", session.pageKey).update(nonce).digest("base64url");
  }

  close(): void {
    for (const session of this.#sessions.values()) session.stopTimer();
  }

  #find(cookieHeader = ""): { key: string; session: BrowserSession } | undefined {
    let tried = 0;
    for (const [, cookie] of cookieHeader.matchAll(cookiePattern)) {
      const key = keyOf(cookie!);
      const session = this.#sessions.get(key);
      if (session !== undefined && session.port === this.#port && !session.expiry.over)
        return { key, session };
      tried += 1;
      if (tried === maxCookies) break;
    }
    return undefined;
  }

  #remember(key: string, { expiresAt, pageKey, port }: Required<SessionRecord>): void {
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
    this.#sessions.set(key, { live, expiry, stopTimer, pageKey: Buffer.from(pageKey, "base64url"), port });
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

function isWhole(record: SessionRecord): record is Required<SessionRecord> {
  return record.pageKey !== undefined && record.port !== undefined;
}

function proves(session: BrowserSession, pageKey = ""): boolean {
  return timingSafeEqual(digest(pageKey), session.pageKey);
}

function digest(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

function keyOf(cookie: string): string {
  return hash("sha256", cookie, "hex");
}

function setCookie(value: string, maxAgeSeconds: number): string {
  return `${cookieName}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${maxAgeSeconds}`;
}
