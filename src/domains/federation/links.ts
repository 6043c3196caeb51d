import type { Endpoint, LinkFrame, LinkHello } from "../../generated/types.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Wire } from "../../kernel/wire.js";
import type { BookEntry, EndpointBook } from "./endpoint-book.js";
import { Handshake, type HandshakeParts, type LinkShaken, type Shaken } from "./handshake.js";
import { keyIdOf, sign, verify } from "./keys.js";
import { Link } from "./link.js";
import type { Role } from "./sealed-frames.js";

const firstRetryMs = 1_000;
const longestRetryMs = 30_000;
/** Connections that have not yet proven anything, at once. */
const maxUnproven = 32;

/** Who is told what happens on links; all calls are synchronous and in order. */
export interface LinkWatcher {
  up(endpointId: string): void;
  down(endpointId: string): void;
  received(endpointId: string, frame: LinkFrame): void;
  removed(endpointId: string): void;
}

/** One paired daemon as far as links go. */
interface Reach {
  link: Link | undefined;
  state: Endpoint["state"];
  /** Wall time, milliseconds. */
  lastSeenAt: number | undefined;
  /** Dials in vain since the link was last up. */
  failures: number;
  dialing: boolean;
  stopRetry: (() => void) | undefined;
}

/** Keeps one link to each paired daemon: dials those that have an address, again and again, and answers those that dial. */
export class Links {
  readonly #parts: HandshakeParts;
  readonly #book: EndpointBook;
  readonly #reaches = new Map<string, Reach>();
  #watcher: LinkWatcher | undefined;
  #unproven = 0;
  #stopped = false;

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
    this.#book = parts.book;
  }

  watch(watcher: LinkWatcher): void {
    this.#watcher = watcher;
  }

  start(): void {
    for (const entry of this.#book.all()) void this.#dial(entry.endpointId);
  }

  link(endpointId: string): Link | undefined {
    return this.#reaches.get(endpointId)?.link;
  }

  reach(endpointId: string): Pick<Reach, "state" | "lastSeenAt"> {
    return this.#reaches.get(endpointId) ?? { state: "disconnected", lastSeenAt: undefined };
  }

  /** Takes a connection that somebody made to this daemon. */
  accept(wire: Wire): void {
    if (this.#stopped || this.#unproven >= maxUnproven) {
      wire.close();
      return;
    }
    this.#unproven += 1;
    const handshake = new Handshake(wire, this.#parts);
    handshake
      .answer((peer) => this.#keepOffered(peer, wire))
      .then(
        (shaken) => {
          if (shaken.purpose === "link") this.#open(shaken, wire, "answerer");
          else this.#endPairing(shaken, wire);
        },
        (err: unknown) => this.#parts.ports.log.debug({ err }, "A link was refused."),
      )
      .finally(() => {
        this.#unproven -= 1;
      });
  }

  /** Pairs with the daemon at the address that offered the code. */
  async pair(url: string, code: string, wishedName: string | undefined): Promise<BookEntry> {
    const wire = await this.#parts.ports.dial(url);
    const { peer } = await new Handshake(wire, this.#parts).pair(code, async (found) => {
      const name = this.#book.freeName(found.daemon_id, wishedName, found.name);
      await this.#keep(found, name, [url]);
    });
    wire.close();
    await this.#dial(peer.daemon_id);
    return this.#book.get(peer.daemon_id)!;
  }

  /** Parts with a daemon; it is told when it can hear it. */
  async remove(endpointId: string): Promise<void> {
    await this.#book.remove(endpointId);
    this.#reaches.get(endpointId)?.link?.send({
      kind: "refused",
      code: "endpoint_not_found",
      message: "The other side ended the pairing.",
    });
    this.#forget(endpointId);
  }

  /** Tells a daemon the newest key, signed by the one that it knows. */
  tellKey(endpointId: string): void {
    const link = this.link(endpointId);
    const { current } = this.#parts.keys;
    if (link === undefined || link.ownKey.keyId === current.keyId) return;
    link.send({
      kind: "key_change",
      key_id: current.keyId,
      public_key: current.publicKey,
      signed_by: link.ownKey.keyId,
      sig: sign(link.ownKey, keyStatement(link.endpointId, current.publicKey)),
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const { link, stopRetry } of this.#reaches.values()) {
      stopRetry?.();
      link?.close();
    }
  }

  #reach(endpointId: string): Reach {
    let reach = this.#reaches.get(endpointId);
    if (reach === undefined) {
      reach = {
        link: undefined,
        state: "disconnected",
        lastSeenAt: undefined,
        failures: 0,
        dialing: false,
        stopRetry: undefined,
      };
      this.#reaches.set(endpointId, reach);
    }
    return reach;
  }

  /** Stores a daemon that proved a code of ours. Addresses on its own machine are of use only on the same one. */
  async #keepOffered(peer: LinkHello, wire: Wire): Promise<void> {
    const name = this.#book.freeName(peer.daemon_id, undefined, peer.name);
    const urls = peer.urls.filter((url) => wire.local || !isLoopback(url));
    await this.#keep(peer, name, urls);
  }

  async #keep(peer: LinkHello, name: string, urls: readonly string[]): Promise<void> {
    const { ports, keys, book } = this.#parts;
    await book.add(peer.daemon_id, {
      name,
      urls,
      paired_at: ports.clock.now(),
      keys: [{ key_id: peer.key_id, public_key: peer.public_key }],
      knows: [keys.current.keyId],
    });
    ports.log.info({ endpoint: name, endpoint_id: peer.daemon_id }, "Paired with another daemon.");
  }

  /** The daemon that accepted the code dials; when it cannot come through, this side does. */
  #endPairing({ peer }: Shaken, wire: Wire): void {
    this.#parts.ports.clock.after(firstRetryMs, () => {
      wire.close();
      if (!this.#stopped) void this.#dial(peer.daemon_id);
    });
  }

  async #dial(endpointId: string): Promise<void> {
    const entry = this.#book.get(endpointId);
    const reach = this.#reach(endpointId);
    if (this.#stopped || entry === undefined || reach.dialing || reach.link !== undefined) return;
    if (entry.urls.length === 0) return;
    reach.stopRetry?.();
    reach.stopRetry = undefined;
    reach.dialing = true;
    if (reach.state === "disconnected") reach.state = "connecting";
    let failure: unknown;
    for (const url of entry.urls) {
      try {
        const wire = await this.#parts.ports.dial(url);
        const shaken = await new Handshake(wire, this.#parts).link(endpointId);
        if (shaken.purpose === "link") this.#open(shaken, wire, "dialer");
        failure = undefined;
        break;
      } catch (thrown) {
        failure = thrown;
      }
    }
    reach.dialing = false;
    if (failure === undefined || reach.link !== undefined) return;
    reach.state = stateOf(failure);
    reach.failures += 1;
    this.#parts.ports.log.debug({ err: failure, endpoint: entry.name }, "A daemon was not reached.");
    this.#retry(endpointId);
  }

  #retry(endpointId: string): void {
    const reach = this.#reach(endpointId);
    if (this.#stopped || this.#book.get(endpointId) === undefined) return;
    const { clock, random } = this.#parts.ports;
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(reach.failures, 16));
    reach.stopRetry?.();
    reach.stopRetry = clock.after(longest * (0.5 + random() / 2), () => void this.#dial(endpointId));
  }

  #open(shaken: LinkShaken, wire: Wire, role: Role): void {
    const endpointId = shaken.peer.daemon_id;
    const { ports } = this.#parts;
    const link = new Link({
      wire,
      clock: ports.clock,
      role,
      shaken,
      isFrame: ports.isFrame,
      received: (from, frame) => this.#received(from, frame),
      ended: (from, error) => this.#ended(from, error),
    });
    const reach = this.#reach(endpointId);
    const old = reach.link;
    if (this.#stopped || this.#book.get(endpointId) === undefined || !this.#replaces(link, old)) {
      link.close();
      return;
    }
    reach.link = link;
    reach.state = "connected";
    reach.failures = 0;
    reach.lastSeenAt = ports.clock.now();
    reach.stopRetry?.();
    if (old !== undefined) {
      old.close();
      this.#watcher?.down(endpointId);
    }
    this.#noteKeys(link);
    this.#watcher?.up(endpointId);
    link.start();
  }

  /**
   * Of two links that both sides dialled at once, both keep the one that the daemon with the smaller id dialled; of two
   * that the same side dialled the newer one counts, because the older is dead at that side.
   */
  #replaces(link: Link, old: Link | undefined): boolean {
    if (old === undefined || old.role === link.role) return true;
    const ownIsSmaller = this.#parts.keys.daemonId < link.endpointId;
    return (link.role === "dialer") === ownIsSmaller;
  }

  /** What the other daemon knows of this one's keys, and whether it has to learn one. */
  #noteKeys(link: Link): void {
    const knows = link.hello.known_keys;
    void this.#book
      .update(link.endpointId, (before) => ({ ...before, knows }))
      .catch((err: unknown) => this.#parts.ports.log.warn({ err }, "What a daemon knows was not stored."));
    if (!knows.includes(this.#parts.keys.current.keyId)) this.tellKey(link.endpointId);
  }

  #received(link: Link, frame: LinkFrame): void {
    const reach = this.#reach(link.endpointId);
    if (reach.link !== link) return;
    reach.lastSeenAt = this.#parts.ports.clock.now();
    switch (frame.kind) {
      case "key_change":
        this.#learnKey(link, frame).catch((err: unknown) =>
          this.#parts.ports.log.warn({ err }, "A key was not learned."),
        );
        return;
      case "key_learned":
        if (frame.key_id === this.#parts.keys.current.keyId) link.ownKey = this.#parts.keys.current;
        void this.#book
          .update(link.endpointId, (before) => ({
            ...before,
            knows: [...new Set([frame.key_id, ...before.knows])].slice(0, 4),
          }))
          .catch((err: unknown) =>
            this.#parts.ports.log.warn({ err }, "What a daemon knows was not stored."),
          );
        return;
      case "refused":
        if (frame.code === "endpoint_not_found") void this.#parted(link);
        return;
      default:
        this.#watcher?.received(link.endpointId, frame);
    }
  }

  async #learnKey(link: Link, frame: Extract<LinkFrame, { kind: "key_change" }>): Promise<void> {
    const known = this.#book.keyOf(link.endpointId, frame.signed_by);
    const statement = keyStatement(this.#parts.keys.daemonId, frame.public_key);
    if (
      known === undefined ||
      keyIdOf(frame.public_key) !== frame.key_id ||
      !verify(known, statement, frame.sig)
    )
      throw new ContractError("unauthenticated", { message: "A new key was not signed by a known one." });
    await this.#book.learnKey(link.endpointId, frame.key_id, frame.public_key);
    link.send({ kind: "key_learned", key_id: frame.key_id });
  }

  /** The other side ended the pairing, and said so on the link. */
  async #parted(link: Link): Promise<void> {
    const { log } = this.#parts.ports;
    log.info({ endpoint_id: link.endpointId }, "The other daemon ended the pairing.");
    try {
      await this.#book.remove(link.endpointId);
      this.#forget(link.endpointId);
    } catch (err) {
      log.warn({ err }, "The end of a pairing was not stored.");
    }
  }

  #forget(endpointId: string): void {
    const reach = this.#reaches.get(endpointId);
    this.#reaches.delete(endpointId);
    reach?.stopRetry?.();
    reach?.link?.close();
    if (reach?.link !== undefined) this.#watcher?.down(endpointId);
    this.#watcher?.removed(endpointId);
  }

  #ended(link: Link, error: Error | undefined): void {
    const reach = this.#reaches.get(link.endpointId);
    if (reach?.link !== link) return;
    reach.link = undefined;
    reach.state = error === undefined ? "disconnected" : stateOf(error);
    this.#watcher?.down(link.endpointId);
    if (error !== undefined)
      this.#parts.ports.log.info({ err: error, endpoint_id: link.endpointId }, "A link ended.");
    this.#retry(link.endpointId);
  }
}

/** What a key change signs: the new key, for this reader and no other. */
function keyStatement(reader: string, publicKey: string): Buffer {
  return Buffer.from(`parley link key ${reader} ${publicKey}`);
}

function stateOf(failure: unknown): Endpoint["state"] {
  if (!(failure instanceof ContractError)) return "disconnected";
  if (failure.code === "contract_mismatch") return "version_mismatch";
  const refused = failure.code === "unauthenticated" || failure.code === "endpoint_not_found";
  return refused ? "auth_failed" : "disconnected";
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
}
