import { ContractError } from "../../kernel/contract-error.js";
import { type KeyPair, keyIdOf, keyPairOf, newKeyPair } from "./keys.js";
import type { EndpointsPorts } from "./ports.js";

const bucket = "daemon_keys";
const recordKey = "own";

/** As stored, newest key first; the store's file is its user's alone. */
interface KeyRecord {
  daemon_id: string;
  keys: { seed: string; created_at: number }[];
}

export interface OwnKey extends KeyPair {
  readonly keyId: string;
}

/** Who this daemon is to others: an id for good, and one or two keys that prove it. */
export class KeyRing {
  readonly #ports: EndpointsPorts;
  #record: KeyRecord;
  #rev: number;
  #keys: OwnKey[];

  private constructor(ports: EndpointsPorts, record: KeyRecord, rev: number) {
    this.#ports = ports;
    this.#record = record;
    this.#rev = rev;
    this.#keys = record.keys.map(({ seed }) => ownKey(keyPairOf("Ed25519", seed)));
  }

  static async open(ports: EndpointsPorts): Promise<KeyRing> {
    const { backend, clock, ids } = ports;
    const found = await backend.get(bucket, recordKey);
    if (found !== undefined) return new KeyRing(ports, JSON.parse(found.value) as KeyRecord, found.rev);
    const { seed } = newKeyPair("Ed25519", ids);
    const record = { daemon_id: ids.uuid(), keys: [{ seed, created_at: clock.now() }] };
    const ring = new KeyRing(ports, record, 0);
    await ring.#store(record);
    return ring;
  }

  get daemonId(): string {
    return this.#record.daemon_id;
  }

  get current(): OwnKey {
    return this.#keys[0]!;
  }

  /** The newest of this daemon's keys that is among the ones named. */
  knownBy(keyIds: readonly string[]): OwnKey | undefined {
    return this.#keys.find(({ keyId }) => keyIds.includes(keyId));
  }

  /** A new key comes first, the one before stays for those that do not know the new one, older ones go. */
  async rotate(): Promise<OwnKey> {
    const { clock, ids } = this.#ports;
    const pair = newKeyPair("Ed25519", ids);
    const [newest] = this.#record.keys;
    await this.#store({
      ...this.#record,
      keys: [{ seed: pair.seed, created_at: clock.now() }, newest!],
    });
    this.#keys = [ownKey(pair), this.#keys[0]!];
    return this.current;
  }

  async #store(record: KeyRecord): Promise<void> {
    const value = JSON.stringify(record);
    const result = await this.#ports.backend.cas(bucket, recordKey, { expectRev: this.#rev, value });
    let rev = result.outcome === "committed" ? result.rev : undefined;
    if (rev === undefined) {
      const now = await this.#ports.backend.get(bucket, recordKey);
      if (now?.value !== value) throw new ContractError("storage_unavailable", { cause: result });
      rev = now.rev;
    }
    this.#rev = rev;
    this.#record = record;
  }
}

function ownKey(pair: KeyPair): OwnKey {
  return { ...pair, keyId: keyIdOf(pair.publicKey) };
}
