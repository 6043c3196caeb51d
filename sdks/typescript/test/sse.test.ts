import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SseFrame, SseParser } from "../src/runtime/sse.js";
import { bytesOf, framesOf, longSseCases, sseCases } from "./_sse-cases.js";

describe("[sdk.sse] [sdk.sse-cases] the event stream parser", () => {
  test.each(sseCases)("$name, however the bytes are cut", (one) => {
    const bytes = bytesOf(one);
    const expected = { frames: framesOf(one), refused: one.refused ?? false };
    const read = (cuts: number[]) => parse(bytes, cuts, one.max_bytes);
    expect(read([])).toEqual(expected);
    expect(read(one.cuts ?? [])).toEqual(expected);
    expect(read([...bytes.keys()])).toEqual(expected);
    for (const cut of bytes.keys()) expect(read([cut])).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        expect(read(cuts.sort((a, b) => a - b))).toEqual(expected);
      }),
    );
  });

  test("gives any events back, however the bytes are cut, with each line end", () => {
    const line = fc
      .string({ unit: fc.constantFrom("a", ":", " ", "é", "😀", "\u0000", "{", '"'), maxLength: 8 })
      .map((text) => text.trimStart());
    const frame = fc.record({
      id: fc.nat().map(String),
      event: fc.constantFrom("text_delta", "stream_opened"),
      data: fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.join("\n")),
    });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 5 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.nat(200), { maxLength: 60 }),
        (frames, end, cuts) => {
          const bytes = new TextEncoder().encode(frames.map((one) => textOf(one, end)).join(""));
          expect(
            parse(
              bytes,
              cuts.sort((a, b) => a - b),
            ),
          ).toEqual({ frames, refused: false });
        },
      ),
    );
  });
});

describe("[sdk.sse-linear] long streams", () => {
  test.each(longSseCases)("$name", (one) => {
    const bytes = bytesOf(one);
    const cuts: number[] = [];
    for (let at = one.piece_bytes; at < bytes.length; at += one.piece_bytes) cuts.push(at);
    const before = process.cpuUsage();
    const { frames, refused } = parse(bytes, cuts);
    const { user, system } = process.cpuUsage(before);
    const expected = framesOf(one);
    expect([frames.length, refused]).toEqual([expected.length, false]);
    // A comparison of strings: a report of 16 MiB would help no one.
    expect(frames.every(({ data }, index) => data === expected[index]!.data)).toBe(true);
    // Needs less than one second; a reader whose time grows with the square needs minutes.
    expect((user + system) / 1_000_000).toBeLessThan(10);
  });
});

function parse(
  bytes: Uint8Array,
  cuts: number[],
  maxBytes?: number,
): { frames: SseFrame[]; refused: boolean } {
  const parser = new SseParser(maxBytes);
  const frames: SseFrame[] = [];
  try {
    let start = 0;
    for (const end of [...cuts, bytes.length]) {
      for (const frame of parser.push(bytes.subarray(start, end))) frames.push(frame);
      start = end;
    }
    parser.push(new Uint8Array());
    return { frames, refused: false };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    expect(() => parser.push(new TextEncoder().encode("data: later\n\n"))).toThrow(error.message);
    return { frames, refused: true };
  }
}

function textOf({ id, event, data }: SseFrame, end: string): string {
  const lines = [": hb", `id: ${id}`, `event: ${event}`, ...data.split("\n").map((one) => `data: ${one}`)];
  return `${lines.join(end)}${end}${end}`;
}
