import { fstatSync } from "node:fs";
import { type ParleyError, PayloadTooLargeError } from "../../sdks/typescript/src/index.js";
import { parseJson, UsageError } from "./arguments.js";
import { note, paint } from "./output.js";

/** The most that is read: no request can carry more. */
export const stdinLimitBytes = 1024 * 1024;
/** Silence on stdin after which the command reports that it waits, milliseconds. */
const quietMs = 2_000;

/** All of stdin as text. `what` names it for the person who has to type it. */
export async function readStdin(what = "the text"): Promise<string> {
  const quiet = reportWaiting(what);
  try {
    return decode(await readBytes(quiet.received));
  } finally {
    quiet.stop();
  }
}

/** A request as JSON from stdin. Tools that write a byte order mark before JSON are common. */
export async function readJsonFromStdin(flag: string): Promise<unknown> {
  const text = await readStdin("the request as JSON");
  return parseJson(flag, text.startsWith("\ufeff") ? text.slice(1) : text);
}

/** Reports once when nothing has come on stdin for a while; call `received` when something has. */
export function reportWaiting(what: string): { received(): void; stop(): void } {
  const end = process.stdin.isTTY
    ? "; Ctrl-D ends it"
    : `, which has been silent for ${quietMs / 1_000} s; it ends when its writer does`;
  const timer = setTimeout(() => note(paint("dim", `waiting for ${what} on stdin${end}`)), quietMs);
  return { received: () => timer.refresh(), stop: () => clearTimeout(timer) };
}

async function readBytes(received: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Node takes a folder for an input that is empty.
    if (fstatSync(0).isDirectory()) throw new UsageError("stdin is a folder, which holds no text");
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      received();
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > stdinLimitBytes) throw tooLarge();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UsageError(`stdin cannot be read: ${(error as Error).message}`);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): ParleyError {
  return new PayloadTooLargeError({
    code: "payload_too_large",
    message:
      "stdin holds more than 1 MiB, the most that a request can carry; send less, or name a file in it.",
    details: [
      { field: "stdin", issue: "too_long", expected: `at most ${stdinLimitBytes} bytes`, got: "more" },
    ],
  });
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError("stdin is not text in UTF-8; encode bytes first, for example with base64");
  }
}
