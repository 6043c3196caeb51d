import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from "node:crypto";
import type { Ids } from "../../kernel/ids.js";

type Curve = "Ed25519" | "X25519";

/** DER of a private key of the curve up to its 32 bytes. */
const privateHead: Readonly<Record<Curve, Buffer>> = {
  Ed25519: Buffer.from("302e020100300506032b657004220420", "hex"),
  X25519: Buffer.from("302e020100300506032b656e04220420", "hex"),
};

/** A key pair; `publicKey` and `seed` are 32 bytes as base64url. */
export interface KeyPair {
  readonly seed: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** A fresh key pair; its randomness is that of `ids`. */
export function newKeyPair(curve: Curve, ids: Ids): KeyPair {
  return keyPairOf(curve, hash("sha256", ids.secret(32), "buffer").toString("base64url"));
}

export function keyPairOf(curve: Curve, seed: string): KeyPair {
  const key = Buffer.concat([privateHead[curve], Buffer.from(seed, "base64url")]);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  return { seed, publicKey: x!, privateKey };
}

/** The first 16 hex digits of the public key's hash. */
export function keyIdOf(publicKey: string): string {
  return hash("sha256", Buffer.from(publicKey, "base64url"), "hex").slice(0, 16);
}

/** Ed25519, base64url. */
export function sign({ privateKey }: KeyPair, bytes: Buffer): string {
  return signBytes(null, bytes, privateKey).toString("base64url");
}

/** False also for what is no key or no signature. */
export function verify(publicKey: string, bytes: Buffer, sig: string): boolean {
  try {
    return verifyBytes(null, bytes, importPublic("Ed25519", publicKey), Buffer.from(sig, "base64url"));
  } catch {
    return false;
  }
}

/** The secret that both sides of an X25519 exchange come to; throws for what is no key. */
export function agree({ privateKey }: KeyPair, theirs: string): Buffer {
  return diffieHellman({ privateKey, publicKey: importPublic("X25519", theirs) });
}

function importPublic(crv: Curve, x: string): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv, x }, format: "jwk" });
}
