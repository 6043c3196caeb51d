/**
 * A server's WebSocket frame with a whole text message (RFC 6455, 5.2), as a string with one character for each byte:
 * such strings are joined and written (as `latin1`) with less work than buffers of a few hundred bytes.
 */
export function textFrame(text: string, ascii = false): string {
  // To count the bytes is to copy a text that was put together from pieces.
  const length = ascii ? text.length : Buffer.byteLength(text);
  const bytes = length === text.length ? text : Buffer.from(text).toString("latin1");
  return frameHead(length) + bytes;
}

/** Final, text, not masked. */
function frameHead(length: number): string {
  if (length < 126) return String.fromCharCode(0x81, length);
  if (length < 65_536) return String.fromCharCode(0x81, 126, length >> 8, length & 0xff);
  const head = Buffer.alloc(10);
  head.writeUInt16BE(0x81_7f);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head.toString("latin1");
}
