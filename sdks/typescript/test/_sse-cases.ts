import { readFileSync } from "node:fs";
import type { SseFrame } from "../src/runtime/sse.js";

/** Bytes of an event stream and what a reader makes of them; the Python SDK runs the same cases. */
interface SseCase {
  name: string;
  input: Part[];
  /** A type of `message` and an empty id are left out. */
  frames: (Partial<SseFrame> & { data: Text; times?: number })[];
  /** The bytes after the frames break the format or a bound. */
  refused?: true;
  /** Bound of one event. */
  max_bytes?: number;
  /** Where the bytes are cut, apart from everywhere else. */
  cuts?: number[];
}

interface LongSseCase extends SseCase {
  piece_bytes: number;
}

type Repeated = { repeat: string; times: number; then?: string };
type Text = string | Repeated;
type Part = Text | { hex: string };

const { cases, long } = JSON.parse(
  readFileSync(new URL("../../../test/vectors/sse/cases.json", import.meta.url), "utf8"),
) as { cases: SseCase[]; long: LongSseCase[] };

export { cases as sseCases, long as longSseCases };

export function bytesOf({ input }: SseCase): Uint8Array {
  return Buffer.concat(
    input.map((part) =>
      typeof part !== "string" && "hex" in part ? Buffer.from(part.hex, "hex") : Buffer.from(textOf(part)),
    ),
  );
}

export function framesOf({ frames }: SseCase): SseFrame[] {
  return frames.flatMap(({ times = 1, data, id = "", event = "message" }) =>
    Array<SseFrame>(times).fill({ id, event, data: textOf(data) }),
  );
}

function textOf(text: Text): string {
  return typeof text === "string" ? text : text.repeat.repeat(text.times) + (text.then ?? "");
}
