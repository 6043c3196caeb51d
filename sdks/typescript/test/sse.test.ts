import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SseFrame, SseParser } from "../src/runtime/sse.js";

const line = fc
  .string({ unit: fc.constantFrom("a", ":", " ", "é", "😀", "\u0000", "{", '"'), maxLength: 8 })
  .map((text) => text.trimStart());
const frame = fc.record({
  id: fc.option(fc.nat().map(String), { nil: undefined }),
  event: fc.constantFrom("text_delta", "stream_opened"),
  data: fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.join("\n")),
});

describe("[sdk.sse] the event stream parser", () => {
  test("gives the same frames however the bytes are cut, with each line end", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 5 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.nat(20), { maxLength: 60 }),
        (frames, end, cuts) => {
          const bytes = new TextEncoder().encode(frames.map((one) => text(one, end)).join(""));
          expect(parse(bytes, cuts)).toEqual(frames);
        },
      ),
    );
  });

  test.each([
    ["a comment alone gives nothing", ": hb\n\n", []],
    ["fields that it does not know are skipped", "retry: 2000\n\nfoo: 1\ndata: x\n\n", [{ data: "x" }]],
    ["an unfinished frame is not given", "data: x\n\ndata: y\n", [{ data: "x" }]],
    ["only one space is taken off", "data:  x\n\n", [{ data: " x" }]],
    ["a field without a colon is empty", "data\n\n", [{ data: "" }]],
  ])("%s", (_, input, expected) => {
    const frames = parse(new TextEncoder().encode(input), []);
    expect(frames).toEqual(expected.map((one) => ({ id: undefined, event: "message", ...one })));
  });

  test("refuses bytes that are no UTF-8", () => {
    expect(() => new SseParser().push(Uint8Array.of(0x64, 0xff, 0x0a))).toThrow(TypeError);
  });
});

function text({ id, event, data }: SseFrame, end: string): string {
  const lines = [
    ": hb",
    ...(id === undefined ? [] : [`id: ${id}`]),
    `event: ${event}`,
    ...data.split("\n").map((one) => `data: ${one}`),
  ];
  return `${lines.join(end)}${end}${end}`;
}

function parse(bytes: Uint8Array, cuts: number[]): SseFrame[] {
  const parser = new SseParser();
  const frames: SseFrame[] = [];
  let at = 0;
  for (const size of cuts) {
    frames.push(...parser.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return [...frames, ...parser.push(bytes.subarray(at))];
}
