import { hash, timingSafeEqual } from "node:crypto";
import type { Scope } from "../generated/operations.js";
import type { IssuedToken, Token } from "../generated/types.js";
import type { Backend } from "../kernel/backend.js";
import type { Clock } from "../kernel/clock.js";
import type { Principal } from "../kernel/context.js";
import { ContractError } from "../kernel/contract-error.js";
import type { Ids } from "../kernel/ids.js";
import type { Logger } from "../kernel/logger.js";
import { consoleName, isReservedName, localName } from "../kernel/principal.js";
import { Expiry } from "./expiry.js";
import { type LivePrincipal, livePrincipal } from "./live-principal.js";
import { updateKey } from "./update-key.js";

const bucket = "tokens";
const maxTokens = 1000;
const maxProven = 256;
const tokenPattern = /^parley_([0-9a-z]{8,32})_([A-Za-z0-9_-]{16,128})$/;

export interface TokenStoreOptions {
  backend: Backend;
  clock: Clock;
  ids: Ids;
  log: Logger;
}

export interface NewToken {
  name: string;
  scopes: readonly Scope[];
  sessions: readonly string[];
  ttlMs?: number;
}

/** As stored: secrets only as sha256, times in milliseconds. */
interface TokenRecord {
  name: string;
  scopes: Scope[];
  sessions: string[];
  createdAt: number;
  expiresAt?: number;
  rotatedAt?: number;
  hash: string;
  previous?: { hash: string; validUntil: number };
}

/** One token in memory: its principals live as long as the secret that proved them. */
interface LiveToken {
  record: TokenRecord;
  rev: number;
  /** Absent for a token without an end. */
  expiry: Expiry | undefined;
  current: LivePrincipal;
  currentDigest: Buffer;
  previous: LivePrincipal | undefined;
  previousDigest: Buffer | undefined;
  previousExpiry: Expiry | undefined;
  stopTimers: () => void;
}

/** The daemon's tokens: kept in the backend, checked in memory, followed when another daemon changes them. */
export class TokenStore {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #log: Logger;
  readonly #tokens = new Map<string, LiveToken>();
  /** Newest position seen per id, so that a late change event cannot bring a revoked token back. */
  readonly #revs = new Map<string, number>();
  /**
   * What bearers proved lately, until any token changes, so that a request need not hash: that costs more than all else
   * about a small one.
   */
  readonly #proven = new Map<string, LiveToken>();
  readonly #closed = new AbortController();

  private constructor(options: TokenStoreOptions) {
    this.#backend = options.backend;
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#log = options.log;
  }

  /** Loads all tokens and follows their changes. */
  static async open(options: TokenStoreOptions): Promise<TokenStore> {
    const store = new TokenStore(options);
    const { entries, rev } = await options.backend.list(bucket);
    for (const entry of entries) {
      store.#apply(entry.key, entry.value, entry.rev);
    }
    void store.#follow(rev);
    return store;
  }

  /** Throws `invalid_request` for a name that belongs to the user or the console. */
  async create(input: NewToken): Promise<IssuedToken> {
    if (isReservedName(input.name)) throw nameReserved(input.name);
    if (this.#tokens.size >= maxTokens) {
      throw new ContractError("quota_exceeded", {
        details: [{ field: "", issue: "out_of_range", expected: `at most ${maxTokens} tokens`, got: "more" }],
      });
    }
    const now = this.#clock.now();
    const tokenId = newTokenId(this.#ids);
    const secret = this.#ids.secret(32);
    const record: TokenRecord = {
      name: input.name,
      scopes: [...new Set(input.scopes)].sort(),
      sessions: [...new Set(input.sessions)].sort(),
      createdAt: now,
      ...(input.ttlMs === undefined ? {} : { expiresAt: now + input.ttlMs }),
      hash: digest(secret).toString("base64url"),
    };
    await this.#write(tokenId, () => record);
    return { token: describe(tokenId, record), secret: `parley_${tokenId}_${secret}` };
  }

  /** Sorted by name, then id; expired ones left out; never with secrets. */
  async list(): Promise<Token[]> {
    return [...this.#tokens]
      .filter(([, token]) => !isOver(token.expiry))
      .sort(([idA, a], [idB, b]) => compare(a.record.name, b.record.name) || compare(idA, idB))
      .map(([id, { record }]) => describe(id, record));
  }

  /** Gives a new secret; the one before works for `overlapMs` more, the one before that no longer. */
  async rotate(tokenId: string, overlapMs: number): Promise<IssuedToken> {
    const now = this.#clock.now();
    const secret = this.#ids.secret(32);
    const record = await this.#write(tokenId, (current) => {
      if (current === undefined || isOver(this.#tokens.get(tokenId)?.expiry)) {
        throw new ContractError("token_not_found");
      }
      const { previous: _dropped, ...rest } = current;
      return {
        ...rest,
        rotatedAt: now,
        hash: digest(secret).toString("base64url"),
        ...(overlapMs > 0 ? { previous: { hash: current.hash, validUntil: now + overlapMs } } : {}),
      };
    });
    return { token: describe(tokenId, record!), secret: `parley_${tokenId}_${secret}` };
  }

  /** Durable before it resolves; live connections of the token end at once. */
  async revoke(tokenId: string): Promise<void> {
    await this.#write(tokenId, (current) => {
      if (current === undefined) {
        throw new ContractError("token_not_found");
      }
      return undefined;
    });
  }

  /** The principal that a bearer token proves, or null. */
  verify(bearer: string): Principal | null {
    const proven = this.#proven.get(bearer);
    if (proven !== undefined) {
      return isOver(proven.expiry) ? null : proven.current.principal;
    }
    const { tokenId, given } = dissect(bearer);
    const token = this.#tokens.get(tokenId);
    const isCurrent = timingSafeEqual(given, token?.currentDigest ?? nobody);
    const isPrevious = token?.previousDigest !== undefined && timingSafeEqual(given, token.previousDigest);
    if (token === undefined || isOver(token.expiry)) {
      return null;
    }
    if (isCurrent) {
      this.#remember(bearer, token);
      return token.current.principal;
    }
    const stillValid = isPrevious && !isOver(token.previousExpiry);
    return stillValid ? (token.previous?.principal ?? null) : null;
  }

  #remember(bearer: string, token: LiveToken): void {
    if (this.#proven.size >= maxProven) {
      this.#proven.clear();
    }
    this.#proven.set(bearer, token);
  }

  /** Stops following; principals stay as they are. */
  close(): void {
    this.#closed.abort();
    for (const token of this.#tokens.values()) {
      token.stopTimers();
    }
  }

  async #write(
    tokenId: string,
    change: (current: TokenRecord | undefined) => TokenRecord | undefined,
  ): Promise<TokenRecord | undefined> {
    let written: TokenRecord | undefined;
    const rev = await updateKey(this.#backend, bucket, tokenId, (current) => {
      written = change(current === undefined ? undefined : (JSON.parse(current.value) as TokenRecord));
      return {
        value: written === undefined ? undefined : JSON.stringify(written),
        ...(written?.expiresAt === undefined ? {} : { expiresAt: written.expiresAt }),
      };
    });
    this.#apply(tokenId, written === undefined ? undefined : JSON.stringify(written), rev);
    return written;
  }

  async #follow(fromRev: number): Promise<void> {
    try {
      for await (const change of this.#backend.watch(bucket, { fromRev, signal: this.#closed.signal })) {
        this.#apply(change.key, change.value, change.rev);
      }
    } catch (cause) {
      if (!this.#closed.signal.aborted) {
        this.#log.warn({ err: cause }, "Tokens that other daemons change are no longer followed.");
      }
    }
  }

  #apply(tokenId: string, value: string | undefined, rev: number): void {
    if (rev !== 0 && rev <= (this.#revs.get(tokenId) ?? 0)) {
      return;
    }
    this.#revs.set(tokenId, rev);
    this.#proven.clear();
    const before = this.#tokens.get(tokenId);
    before?.stopTimers();
    if (value === undefined) {
      before?.current.end();
      before?.previous?.end();
      this.#tokens.delete(tokenId);
      return;
    }
    this.#tokens.set(tokenId, this.#revive(tokenId, JSON.parse(value) as TokenRecord, rev, before));
  }

  #revive(tokenId: string, record: TokenRecord, rev: number, before: LiveToken | undefined): LiveToken {
    const born = (): LivePrincipal =>
      livePrincipal({
        name: record.name,
        kind: "token",
        scopes: new Set(record.scopes),
        sessions: record.sessions,
        tokenId,
      });
    const holders = new Map<string, LivePrincipal>();
    if (before !== undefined) {
      holders.set(before.record.hash, before.current);
      if (before.record.previous !== undefined && before.previous !== undefined) {
        holders.set(before.record.previous.hash, before.previous);
      }
    }
    const take = (secretHash: string): LivePrincipal => {
      const kept = holders.get(secretHash) ?? born();
      holders.delete(secretHash);
      return kept;
    };
    const current = take(record.hash);
    const previous = record.previous === undefined ? undefined : take(record.previous.hash);
    for (const orphan of holders.values()) {
      orphan.end();
    }
    // What is left of the same time is measured from the first time on, whatever the wall clock says by now.
    const expiry = this.#expiryOf(record.expiresAt, before?.record.expiresAt, before?.expiry);
    const previousExpiry = this.#expiryOf(
      record.previous?.validUntil,
      before?.record.previous?.validUntil,
      before?.previousExpiry,
    );
    const timers = [
      expiry?.whenOver(() => {
        current.end();
        previous?.end();
      }),
      previousExpiry?.whenOver(() => previous?.end()),
    ];
    return {
      record,
      rev,
      expiry,
      current,
      currentDigest: Buffer.from(record.hash, "base64url"),
      previous,
      previousDigest:
        record.previous === undefined ? undefined : Buffer.from(record.previous.hash, "base64url"),
      previousExpiry,
      stopTimers: () => {
        for (const stop of timers) {
          stop?.();
        }
      },
    };
  }

  #expiryOf(
    at: number | undefined,
    before: number | undefined,
    known: Expiry | undefined,
  ): Expiry | undefined {
    if (at === undefined) {
      return undefined;
    }
    return known !== undefined && at === before ? known : new Expiry(this.#clock, at);
  }
}

function isOver(expiry: Expiry | undefined): boolean {
  return expiry?.over === true;
}

function nameReserved(name: string): ContractError {
  const owner = name === localName ? "the user at the unix socket" : "the console";
  return new ContractError("invalid_request", {
    message: `The name \`${name}\` is that of ${owner}; name the token after the program that uses it, for example \`${name}-agent\`.`,
    details: [
      {
        field: "name",
        issue: "invalid_value",
        expected: `a name other than ${localName} and ${consoleName}`,
        got: name,
      },
    ],
  });
}

/** A bearer token taken apart. */
function dissect(bearer: string): { tokenId: string; given: Buffer } {
  const match = tokenPattern.exec(bearer);
  return { tokenId: match?.[1] ?? "", given: digest(match?.[2] ?? "") };
}

function digest(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

/** Something of the right length is compared even when there is nothing to compare with. */
const nobody = Buffer.alloc(32);

function newTokenId(ids: Ids): string {
  const number = BigInt(`0x${Buffer.from(ids.secret(12), "base64url").toString("hex")}`);
  return number.toString(36).padStart(10, "0").slice(-10);
}

function describe(tokenId: string, record: TokenRecord): Token {
  const iso = (time: number): string => new Date(time).toISOString();
  return {
    token_id: tokenId,
    name: record.name,
    scopes: record.scopes,
    sessions: record.sessions,
    created_at: iso(record.createdAt),
    ...(record.expiresAt === undefined ? {} : { expires_at: iso(record.expiresAt) }),
    ...(record.rotatedAt === undefined ? {} : { rotated_at: iso(record.rotatedAt) }),
    ...(record.previous === undefined ? {} : { previous_valid_until: iso(record.previous.validUntil) }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
