/** A masked text frame whose mask is zero, so that its bytes are the message's. */
export function clientFrame(message: string): Buffer {
  const payload = Buffer.from(message);
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

/** Cuts a server's bytes into unmasked frames; gives the payload of each text frame. */
export class FrameReader {
  readonly #onText: (payload: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onText: (payload: Buffer) => void) {
    this.#onText = onText;
  }

  push(chunk: Buffer): void {
    let buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const size = frameSize(buffer);
      if (size === undefined || buffer.length < size.head + size.body) break;
      if ((buffer[0]! & 0x0f) === 1) this.#onText(buffer.subarray(size.head, size.head + size.body));
      buffer = buffer.subarray(size.head + size.body);
    }
    this.#rest = buffer;
  }
}

function frameSize(buffer: Buffer): { head: number; body: number } | undefined {
  if (buffer.length < 2) return undefined;
  const short = buffer[1]! & 0x7f;
  if (short < 126) return { head: 2, body: short };
  if (short === 126) return buffer.length < 4 ? undefined : { head: 4, body: buffer.readUInt16BE(2) };
  return buffer.length < 10 ? undefined : { head: 10, body: Number(buffer.readBigUInt64BE(2)) };
}
