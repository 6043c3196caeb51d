import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";

const tagBytes = 16;
const cipher = "aes-256-gcm";

/** Which end of the connection: the one that dialled, or the one that answered. */
export type Role = "dialer" | "answerer";

/**
 * The frames of one authenticated connection, encrypted so that nobody between the daemons can read, change, drop or
 * repeat one unseen: each direction has a key and counts.
 */
export class SealedFrames {
  readonly #sendKey: Buffer;
  readonly #openKey: Buffer;
  #sent = 0n;
  #opened = 0n;

  /** `secret` is what both ephemeral keys agree on, `transcript` the hash of both hellos. */
  constructor(secret: Buffer, transcript: Buffer, role: Role) {
    const keyOf = (sender: Role): Buffer =>
      Buffer.from(hkdfSync("sha256", secret, transcript, `parley link ${sender}`, 32));
    this.#sendKey = keyOf(role);
    this.#openKey = keyOf(role === "dialer" ? "answerer" : "dialer");
  }

  seal(text: string): Buffer {
    const sealing = createCipheriv(cipher, this.#sendKey, nonceOf(this.#sent++));
    return Buffer.concat([sealing.update(text, "utf8"), sealing.final(), sealing.getAuthTag()]);
  }

  /** Throws for anything but the next frame of the other side. */
  open(bytes: Buffer): Buffer {
    if (bytes.length < tagBytes) throw new Error("too short for a sealed frame");
    const opening = createDecipheriv(cipher, this.#openKey, nonceOf(this.#opened++), {
      authTagLength: tagBytes,
    });
    opening.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    return Buffer.concat([opening.update(bytes.subarray(0, bytes.length - tagBytes)), opening.final()]);
  }
}

function nonceOf(count: bigint): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(count, 4);
  return nonce;
}
