import fc from "fast-check";
import { expect, test } from "vitest";
import { boundedLines } from "./bounded-lines.js";

async function linesOf(chunks: readonly Buffer[], limitBytes: number): Promise<(string | undefined)[]> {
  async function* input(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  const lines = [];
  for await (const line of boundedLines(input(), limitBytes)) lines.push(line);
  return lines;
}

const text = fc.array(fc.constantFrom("a", "é", "🦜", "\n", "\r\n", "\n\n", "\u2028", "bcdef"), {
  maxLength: 30,
});
const cuts = fc.array(fc.nat(80), { maxLength: 12 });

test("[cli.stdin-bound] lines are the same however the input is cut, and one that is too long is not kept", () =>
  fc.assert(
    fc.asyncProperty(text, cuts, fc.integer({ min: 1, max: 12 }), async (parts, at, limitBytes) => {
      const bytes = Buffer.from(parts.join(""));
      const edges = [0, ...at.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
      const lines = bytes.toString().split("\n");
      if (lines.at(-1) === "") lines.pop();
      expect(await linesOf(chunks, limitBytes)).toEqual(
        lines.map((line) => (Buffer.byteLength(line) > limitBytes ? undefined : line.replace(/\r$/, ""))),
      );
    }),
  ));
