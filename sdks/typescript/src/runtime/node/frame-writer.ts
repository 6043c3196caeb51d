import { randomFillSync } from "node:crypto";

const masks = Buffer.alloc(4096);
let used = masks.length;

/** One client frame: final and masked with a fresh random key. */
export function writeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = 2 + extra + 4;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) frame.writeUInt16BE(length, 2);
  else if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  if (used === masks.length) {
    randomFillSync(masks);
    used = 0;
  }
  masks.copy(frame, start - 4, used, used + 4);
  used += 4;
  for (let index = 0; index < length; index++)
    frame[start + index] = payload[index]! ^ frame[start - 4 + (index & 3)]!;
  return frame;
}

const maxReasonBytes = 123;

/** The payload of a close frame, with as much of the reason as fits; 1005 and 1006 stand for no code and are never sent. */
export function closePayload(code: number, reason: string): Buffer {
  if (code === 1005 || code === 1006) return Buffer.alloc(0);
  const text = Buffer.alloc(maxReasonBytes);
  // Writes no part of a character.
  const length = text.write(reason, "utf8");
  const payload = Buffer.allocUnsafe(2 + length);
  payload.writeUInt16BE(code, 0);
  text.copy(payload, 2, 0, length);
  return payload;
}
