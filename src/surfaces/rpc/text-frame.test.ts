import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import { textFrame } from "./text-frame.js";

// Its types do not name this export.
const { Sender } = createRequire(import.meta.url)("ws") as {
  Sender: { frame(data: Buffer, options: object): Buffer[] };
};

/** The frame as `ws` itself makes it. */
function byWs(text: string): Buffer {
  const data = Buffer.from(text);
  const options = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: false };
  return Buffer.concat(Sender.frame(data, options));
}

test("[rpc.text-frame] a frame is byte for byte what the WebSocket library makes", () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
    for (const text of ["x".repeat(length), "é".repeat(length / 2) + "x".repeat(length % 2)])
      expect(Buffer.from(textFrame(text), "latin1").equals(byWs(text))).toBe(true);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      expect(Buffer.from(textFrame(text), "latin1").equals(byWs(text))).toBe(true);
    }),
  );
});
