import { http, RawClient } from "./raw-client.js";

/** One WebSocket frame of a client, right or wrong. */
export function frame(
  opcode: number,
  payload: string | Uint8Array = "",
  { fin = true, masked = true, reserved = 0, claimed }: FrameOptions = {},
): Buffer {
  const body = Buffer.from(payload as string);
  const length = claimed ?? BigInt(body.length);
  const head = Buffer.alloc(length < 126n ? 2 : length < 65_536n ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (length < 126n ? Number(length) : length < 65_536n ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(Number(length), 2);
  if (head.length === 10) head.writeBigUInt64BE(length, 2);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), body]);
}

interface FrameOptions {
  fin?: boolean;
  masked?: boolean;
  reserved?: number;
  /** Length in the head when it is not the payload's. */
  claimed?: bigint;
}

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9 } as const;

/** Opens a WebSocket by hand; the client's bytes after the head are frames. */
export async function openSocket(port: number, token: string): Promise<RawClient> {
  const client = new RawClient({ port });
  await client.opened;
  client.write(
    http("GET", "/rpc", [
      ["Authorization", `Bearer ${token}`],
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="],
    ]),
  );
  await client.replies(1);
  return client;
}

/** The code of the closing frame among the server's bytes; undefined when there is none, or no frame. */
export function closeCode(received: Buffer): number | undefined {
  const start = received.indexOf("\r\n\r\n") + 4;
  for (let at = start; at + 2 <= received.length; ) {
    const short = received[at + 1]! & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + head > received.length) return undefined;
    const length =
      short < 126
        ? short
        : short === 126
          ? received.readUInt16BE(at + 2)
          : Number(received.readBigUInt64BE(at + 2));
    if ((received[at]! & 0x0f) === opcode.close)
      return length < 2 || at + head + 2 > received.length ? undefined : received.readUInt16BE(at + head);
    at += head + length;
  }
  return undefined;
}
