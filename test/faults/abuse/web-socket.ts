import { closeCode, frame, opcode, openSocket } from "./frames.js";

const { text, binary, close, continuation, ping } = opcode;

/** Frames that no proper client sends, and the closing code that answers them. */
const cases: Readonly<Record<string, readonly [frames: () => Buffer[], code: number]>> = {
  "an unmasked frame": [() => [frame(text, "{}", { masked: false })], 1002],
  "a reserved bit": [() => [frame(text, "{}", { reserved: 4 })], 1002],
  "an unknown opcode": [() => [frame(3, "{}")], 1002],
  "a continuation of nothing": [() => [frame(continuation, "{}")], 1002],
  "a text inside a fragmented text": [() => [frame(text, "{", { fin: false }), frame(text, "}")], 1002],
  "a fragmented ping": [() => [frame(ping, "x", { fin: false })], 1002],
  "a ping that is too long": [() => [frame(ping, "x".repeat(126))], 1002],
  "a close with one byte": [() => [frame(close, "x")], 1002],
  "a close with a code that is none": [() => [frame(close, Buffer.from([0x03, 0xed]))], 1002],
  "a close with ill-formed UTF-8": [() => [frame(close, Buffer.from([0x03, 0xe8, 0xff]))], 1007],
  "ill-formed UTF-8": [() => [frame(text, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))], 1007],
  "a length beyond the limit": [() => [frame(text, "", { claimed: 1024n * 1024n + 1n })], 1009],
  "a length beyond 2^53": [() => [frame(text, "", { claimed: 2n ** 62n })], 1009],
  "fragments that add up beyond the limit": [
    () =>
      Array.from({ length: 20 }, (_, n) =>
        frame(n === 0 ? text : continuation, "x".repeat(64 * 1024), { fin: false }),
      ),
    1009,
  ],
  "a flood of tiny fragments": [
    () =>
      Array.from({ length: 10_000 }, (_, n) => frame(n === 0 ? binary : continuation, "x", { fin: false })),
    1008,
  ],
  "a flood of empty fragments": [
    () => Array.from({ length: 10_000 }, (_, n) => frame(n === 0 ? text : continuation, "", { fin: false })),
    1008,
  ],
};

/** Each case on a WebSocket of its own; a bystander must not notice. */
export async function hostileFrames(
  port: number,
  token: string,
): Promise<{ cases: number; broken: string[] }> {
  const broken: string[] = [];
  for (const [name, [frames, code]] of Object.entries(cases)) {
    using client = await openSocket(port, token);
    client.write(Buffer.concat(frames()));
    const { closed } = await client.replies(Number.POSITIVE_INFINITY);
    const got = closeCode(client.received);
    if (!closed || got !== code)
      broken.push(`WebSocket, ${name}: expected ${code}, got ${closed ? got : "no end"}`);
  }
  return { cases: Object.keys(cases).length, broken };
}
