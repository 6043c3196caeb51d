/** A frame of RFC 6455 as it was read. */
export interface Frame {
  final: boolean;
  opcode: number;
  payload: Buffer;
}

/** A peer that breaks the protocol; `code` is what the connection closes with. */
export class ProtocolError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Cuts a server's bytes into frames; pieces may end anywhere. */
export class FrameReader {
  readonly #maxPayload: number;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The next whole frame, undefined until its last byte is there. */
  next(): Frame | undefined {
    if (this.#size < 2) return undefined;
    const head = this.#peek(Math.min(this.#size, 10));
    const opcode = head[0]! & 0x0f;
    const final = (head[0]! & 0x80) !== 0;
    if ((head[0]! & 0x70) !== 0) throw new ProtocolError(1002, "reserved bits are set");
    if ((head[1]! & 0x80) !== 0) throw new ProtocolError(1002, "a server must not mask its frames");
    if (!Object.values<number>(opcodes).includes(opcode))
      throw new ProtocolError(1002, `unknown opcode ${opcode}`);
    const short = head[1]! & 0x7f;
    if (opcode >= 8 && (short > 125 || !final)) throw new ProtocolError(1002, "a control frame is too long");
    const headLength = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (head.length < headLength) return undefined;
    const length = short === 126 ? head.readUInt16BE(2) : short === 127 ? longLength(head) : short;
    if (length > this.#maxPayload) throw new ProtocolError(1009, `a frame has ${length} bytes`);
    if (this.#size < headLength + length) return undefined;
    const payload = this.#take(headLength + length).subarray(headLength);
    return { final, opcode, payload };
  }

  /** The first `length` bytes, which stay. */
  #peek(length: number): Buffer {
    const first = this.#chunks[0]!;
    if (first.length >= length) return first.subarray(0, length);
    this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!.subarray(0, length);
  }

  #take(length: number): Buffer {
    const first = this.#chunks[0]!;
    this.#size -= length;
    if (first.length > length) {
      this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first.length === length) return this.#chunks.shift()!;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = all.length > length ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }
}

function longLength(head: Buffer): number {
  const length = head.readBigUInt64BE(2);
  return length > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(length);
}

/**
 * The code of a peer's close frame; 1005 stands for none. Refuses codes that RFC 6455 keeps from the wire (1004 to 1006,
 * 1015) or has not assigned.
 */
export function closeCode(payload: Buffer): number {
  if (payload.length === 0) return 1005;
  if (payload.length === 1) throw new ProtocolError(1002, "a close frame is cut short");
  const code = payload.readUInt16BE(0);
  const isAssigned = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  const isForPrograms = code >= 3000 && code <= 4999;
  if (!isAssigned && !isForPrograms) throw new ProtocolError(1002, `the close code ${code} is not allowed`);
  return code;
}
