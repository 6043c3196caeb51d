import { createHmac, hash, scrypt, timingSafeEqual } from "node:crypto";
import type { LinkFrame, LinkHello } from "../../generated/types.js";
import { CONTRACT_VERSION } from "../../generated/version.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Wire } from "../../kernel/wire.js";
import type { EndpointBook } from "./endpoint-book.js";
import { FrameReader } from "./frame-reader.js";
import type { KeyRing, OwnKey } from "./key-ring.js";
import { agree, type KeyPair, keyIdOf, newKeyPair, sign, verify } from "./keys.js";
import { type PairingCodes, plainCode } from "./pairing-codes.js";
import type { EndpointsPorts } from "./ports.js";
import { type Role, SealedFrames } from "./sealed-frames.js";

/** How long the two sides may take, milliseconds. */
export const handshakeMs = 10_000;
/** Guessing a code from what a handshake shows costs this for each guess. */
const stretch = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/** What a handshake comes to. */
export type Shaken = { purpose: "pair"; peer: LinkHello } | LinkShaken;

/** Both sides have proven who they are. */
export interface LinkShaken {
  purpose: "link";
  peer: LinkHello;
  sealed: SealedFrames;
  reader: FrameReader;
  /** The key with which this side proved itself. */
  ownKey: OwnKey;
}

export interface HandshakeParts {
  ports: EndpointsPorts;
  keys: KeyRing;
  book: EndpointBook;
  codes: PairingCodes;
  /** The highest `pair_seq` that was taken of the daemon. */
  lastPairSeq(endpointId: string): number;
}

/**
 * The first frames of a connection, of either side. Both say hello; for a link each then signs both hellos with a key
 * that the other knows, for pairing each proves the code over them. The one that dialled proves a code first, so that
 * who only answers learns nothing to try codes on.
 */
export class Handshake {
  readonly #parts: HandshakeParts;
  readonly #wire: Wire;
  readonly #reader: FrameReader;
  readonly #ephemeral: KeyPair;

  constructor(wire: Wire, parts: HandshakeParts) {
    this.#parts = parts;
    this.#wire = wire;
    this.#reader = new FrameReader(wire, parts.ports.isFrame);
    this.#ephemeral = newKeyPair("X25519", parts.ports.ids);
  }

  /** Links to a paired daemon; throws `unauthenticated` when somebody else answers. */
  link(endpointId: string): Promise<Shaken> {
    return this.#within(async () => {
      const own = this.#hello("link", endpointId);
      this.#wire.send(own);
      const { frame: peer, bytes } = await this.#readHello();
      if (peer.daemon_id !== endpointId) throw wrongDaemon();
      const transcript = transcriptOf(Buffer.from(own), bytes);
      await this.#requireAuth(peer, transcript, "answerer");
      const ownKey = this.#auth(peer, transcript, "dialer");
      const linked = this.#linked(peer, transcript, ownKey, "dialer");
      // Only the answer to the proof tells that it was taken.
      await this.#reader.nextSealed("pong", (sealedBytes) => linked.sealed.open(sealedBytes));
      return linked;
    });
  }

  /** Pairs with the daemon that offered the code. */
  pair(code: string, keep: (peer: LinkHello) => Promise<void>): Promise<Shaken> {
    return this.#within(async () => {
      const own = this.#hello("pair");
      this.#wire.send(own);
      const { frame: peer, bytes } = await this.#readHello();
      this.#requireOther(peer);
      const transcript = transcriptOf(Buffer.from(own), bytes);
      const key = await codeKey(plainCode(code), transcript);
      this.#send({ kind: "pair_proof", proof: proofOf(key, transcript, "dialer") });
      const { frame } = await this.#reader.next("pair_proof");
      if (!same(frame.proof, proofOf(key, transcript, "answerer"))) throw new ContractError("pairing_failed");
      await keep(peer);
      return { purpose: "pair", peer };
    });
  }

  /** Answers whoever dialled; `keep` stores a daemon that proved a code, before it hears that it did. */
  answer(keep: (peer: LinkHello) => Promise<void>): Promise<Shaken> {
    return this.#within(async () => {
      const { frame: peer, bytes } = await this.#readHello();
      this.#requireOther(peer);
      if (peer.purpose === "pair") return this.#answerPair(peer, bytes, keep);
      if (this.#parts.book.get(peer.daemon_id) === undefined) throw new ContractError("endpoint_not_found");
      const own = this.#hello("link", peer.daemon_id);
      const transcript = transcriptOf(bytes, Buffer.from(own));
      this.#wire.send(own);
      const ownKey = this.#auth(peer, transcript, "answerer");
      await this.#requireAuth(peer, transcript, "dialer");
      const linked = this.#linked(peer, transcript, ownKey, "answerer");
      this.#wire.send(linked.sealed.seal(JSON.stringify({ kind: "pong" })));
      return linked;
    });
  }

  async #answerPair(
    peer: LinkHello,
    bytes: Buffer,
    keep: (peer: LinkHello) => Promise<void>,
  ): Promise<Shaken> {
    const { codes } = this.#parts;
    const own = this.#hello("pair");
    const transcript = transcriptOf(bytes, Buffer.from(own));
    this.#wire.send(own);
    const { frame } = await this.#reader.next("pair_proof");
    for (const code of codes.waiting()) {
      const key = await codeKey(code, transcript);
      if (!same(frame.proof, proofOf(key, transcript, "dialer")) || !codes.take(code)) continue;
      await keep(peer);
      this.#send({ kind: "pair_proof", proof: proofOf(key, transcript, "answerer") });
      return { purpose: "pair", peer };
    }
    codes.wrong();
    throw new ContractError("pairing_failed");
  }

  #hello(purpose: LinkHello["purpose"], endpointId?: string): string {
    const { ports, keys, book } = this.#parts;
    const { keyId, publicKey } = keys.current;
    const known = endpointId === undefined ? undefined : book.get(endpointId);
    const now = ports.clock.now();
    const hello: LinkHello = {
      kind: "hello",
      contract: CONTRACT_VERSION,
      daemon_id: keys.daemonId,
      name: ports.hostName,
      purpose,
      nonce: hash("sha256", ports.ids.secret(32), "buffer").toString("base64url"),
      ephemeral_key: this.#ephemeral.publicKey,
      key_id: keyId,
      public_key: publicKey,
      known_keys: (known?.keys ?? [])
        .filter(({ valid_until }) => valid_until === undefined || valid_until > now)
        .map(({ key_id }) => key_id),
      last_pair_seq: known === undefined ? 0 : this.#parts.lastPairSeq(known.endpointId),
      urls: ports.urls().slice(0, 8),
    };
    return JSON.stringify(hello);
  }

  /** Who speaks another version hears of it before anything else is looked at. */
  async #readHello(): Promise<{ frame: LinkHello; bytes: Buffer }> {
    const { frame, bytes } = await this.#reader.next("hello");
    if (keyIdOf(frame.public_key) !== frame.key_id) throw wrongDaemon();
    return { frame, bytes };
  }

  #requireOther(peer: LinkHello): void {
    if (peer.daemon_id === this.#parts.keys.daemonId)
      throw new ContractError("pairing_failed", {
        message: "This is the same daemon; pair with another one.",
      });
  }

  #auth(peer: LinkHello, transcript: Buffer, role: Role): OwnKey {
    // Somebody who knows none of the keys cannot be convinced; the newest tells it at least what it misses.
    const key = this.#parts.keys.knownBy(peer.known_keys) ?? this.#parts.keys.current;
    this.#send({ kind: "auth", key_id: key.keyId, sig: sign(key, signed(transcript, role)) });
    return key;
  }

  async #requireAuth(peer: LinkHello, transcript: Buffer, role: Role): Promise<void> {
    const { frame } = await this.#reader.next("auth");
    const publicKey = this.#parts.book.keyOf(peer.daemon_id, frame.key_id);
    if (publicKey === undefined || !verify(publicKey, signed(transcript, role), frame.sig))
      throw wrongDaemon();
  }

  #linked(peer: LinkHello, transcript: Buffer, ownKey: OwnKey, role: Role): LinkShaken {
    const sealed = new SealedFrames(agree(this.#ephemeral, peer.ephemeral_key), transcript, role);
    return { purpose: "link", peer, sealed, reader: this.#reader, ownKey };
  }

  #send(frame: LinkFrame): void {
    this.#wire.send(JSON.stringify(frame));
  }

  /** Tells the other side why it ends, and ends it, when it fails or takes too long. */
  async #within(shake: () => Promise<Shaken>): Promise<Shaken> {
    const stop = this.#parts.ports.clock.after(handshakeMs, () => this.#wire.close());
    try {
      return await shake();
    } catch (thrown) {
      const { code, message } = ContractError.from(thrown);
      this.#send({ kind: "refused", code, message: message.slice(0, 1_000) });
      this.#wire.close();
      throw thrown;
    } finally {
      stop();
    }
  }
}

function wrongDaemon(): ContractError {
  return new ContractError("unauthenticated", {
    message:
      "The other side did not prove that it is the daemon that was paired; pair again if its keys were lost.",
  });
}

function transcriptOf(dialer: Buffer, answerer: Buffer): Buffer {
  return hash(
    "sha256",
    Buffer.concat([hash("sha256", dialer, "buffer"), hash("sha256", answerer, "buffer")]),
    "buffer",
  );
}

function signed(transcript: Buffer, role: Role): Buffer {
  return Buffer.concat([Buffer.from(`parley link auth ${role}\n`), transcript]);
}

function codeKey(code: string, transcript: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(code, transcript, 32, stretch, (error, key) => (error === null ? resolve(key) : reject(error))),
  );
}

function proofOf(key: Buffer, transcript: Buffer, role: Role): string {
  return createHmac("sha256", key).update(`parley pair ${role}\n`).update(transcript).digest("base64url");
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
