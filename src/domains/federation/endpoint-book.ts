import { ContractError } from "../../kernel/contract-error.js";
import { freeName } from "../../kernel/unknown-name.js";
import type { EndpointsPorts } from "./ports.js";

const bucket = "endpoints";
const maxEndpoints = 1_000;
const writeTries = 8;
/** How long a key still proves its daemon after the next one came. */
export const keyOverlapMs = 24 * 3_600_000;

/** A paired daemon as stored. */
export interface EndpointRecord {
  readonly name: string;
  readonly urls: readonly string[];
  /** Wall time, milliseconds. */
  readonly paired_at: number;
  /** Its public keys, newest first; an older one until its time is over. */
  readonly keys: readonly { key_id: string; public_key: string; valid_until?: number }[];
  /** Which of this daemon's keys it has learned. */
  readonly knows: readonly string[];
  /** No envelope of it with a `pair_seq` above this has been taken. */
  readonly seq_bound: number;
}

export interface BookEntry extends EndpointRecord {
  readonly endpointId: string;
}

/** The daemons that this one is paired with; every change is one compare-and-set. */
export class EndpointBook {
  readonly #ports: Pick<EndpointsPorts, "backend" | "clock">;
  readonly #entries = new Map<string, BookEntry>();
  readonly #revs = new Map<string, number>();

  private constructor(ports: Pick<EndpointsPorts, "backend" | "clock">) {
    this.#ports = ports;
  }

  static async open(ports: Pick<EndpointsPorts, "backend" | "clock">): Promise<EndpointBook> {
    const book = new EndpointBook(ports);
    const { entries } = await ports.backend.list(bucket);
    for (const { key, value, rev } of entries) book.#keep(key, value, rev);
    return book;
  }

  get(endpointId: string): BookEntry | undefined {
    return this.#entries.get(endpointId);
  }

  /** By its name here, or its id. */
  find(nameOrId: string): BookEntry | undefined {
    return this.all().find(({ name }) => name === nameOrId) ?? this.#entries.get(nameOrId);
  }

  /** The one paired first first: of two that know a session of the same name, it has the name. */
  all(): BookEntry[] {
    return [...this.#entries.values()].sort(
      (a, b) => a.paired_at - b.paired_at || (a.endpointId < b.endpointId ? -1 : 1),
    );
  }

  /** The name for a daemon: the wished one, which must be free, or one made free by a number. */
  freeName(endpointId: string, wished: string | undefined, otherwise: string): string {
    const taken = new Set(
      this.all()
        .filter((entry) => entry.endpointId !== endpointId)
        .map(({ name }) => name),
    );
    if (wished !== undefined) {
      if (!taken.has(wished)) return wished;
      const free = freeName(wished, (name) => !taken.has(name));
      const message = `Another paired daemon is called ${wished} here; choose a name with \`--name\`, for example ${free}, or remove the other first.`;
      throw new ContractError("endpoint_name_taken", { message });
    }
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? otherwise : `${otherwise.slice(0, 58)}-${number}`;
      if (!taken.has(name)) return name;
    }
  }

  /** Keeps a daemon that was paired, in the place of what was known of it. */
  async add(endpointId: string, record: Omit<EndpointRecord, "seq_bound">): Promise<BookEntry> {
    if (!this.#entries.has(endpointId) && this.#entries.size >= maxEndpoints)
      throw new ContractError("quota_exceeded", {
        details: [
          { field: "", issue: "out_of_range", expected: `at most ${maxEndpoints} endpoints`, got: "more" },
        ],
      });
    await this.#write(endpointId, (before) => ({ ...record, seq_bound: before?.seq_bound ?? 0 }));
    return this.#entries.get(endpointId)!;
  }

  /** Changes what is known of a daemon; nothing when it is gone meanwhile. */
  async update(
    endpointId: string,
    change: (before: EndpointRecord) => EndpointRecord,
  ): Promise<BookEntry | undefined> {
    await this.#write(endpointId, (before) => before && change(before));
    return this.#entries.get(endpointId);
  }

  async remove(endpointId: string): Promise<void> {
    await this.#write(endpointId, () => undefined);
  }

  /** The public key that proves the daemon, if it still does. */
  keyOf(endpointId: string, keyId: string): string | undefined {
    const found = this.#entries.get(endpointId)?.keys.find(({ key_id }) => key_id === keyId);
    const over = found?.valid_until !== undefined && found.valid_until <= this.#ports.clock.now();
    return over ? undefined : found?.public_key;
  }

  /** A new key comes first; the one before works for a while. */
  async learnKey(endpointId: string, keyId: string, publicKey: string): Promise<void> {
    const validUntil = this.#ports.clock.now() + keyOverlapMs;
    await this.update(endpointId, (before) => {
      const [newest] = before.keys;
      if (newest === undefined || newest.key_id === keyId) return before;
      return {
        ...before,
        keys: [
          { key_id: keyId, public_key: publicKey },
          { ...newest, valid_until: validUntil },
        ],
      };
    });
  }

  async #write(
    endpointId: string,
    change: (before: EndpointRecord | undefined) => EndpointRecord | undefined,
  ): Promise<void> {
    const { backend } = this.#ports;
    let cause: unknown;
    for (let attempt = 0; attempt < writeTries; attempt += 1) {
      const now = await backend.get(bucket, endpointId);
      const before = now === undefined ? undefined : (JSON.parse(now.value) as EndpointRecord);
      const next = change(before);
      const value = next === undefined ? undefined : JSON.stringify(next);
      if (value === now?.value) return this.#keep(endpointId, value, now?.rev ?? 0);
      const result = await backend.cas(bucket, endpointId, { expectRev: now?.rev ?? 0, value });
      if (result.outcome === "committed") return this.#keep(endpointId, value, result.rev);
      // Of unknown outcome: what is stored by now is read at the next turn.
      cause = result;
    }
    throw new ContractError("storage_unavailable", { cause });
  }

  /** Of two writes whose answers cross, the later one counts. */
  #keep(endpointId: string, value: string | undefined, rev: number): void {
    if (rev < (this.#revs.get(endpointId) ?? 0)) return;
    this.#revs.set(endpointId, rev);
    if (value === undefined) this.#entries.delete(endpointId);
    else this.#entries.set(endpointId, { ...(JSON.parse(value) as EndpointRecord), endpointId });
  }
}
