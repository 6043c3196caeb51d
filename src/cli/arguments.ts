import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** A usage mistake that commander cannot see; exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * `--json` alone asks for JSON output; `--json -` also takes the whole request as JSON from stdin. Commander would
 * read `--json planner` as a value too, so only the dash is split off here.
 */
export function splitJsonInput(argv: readonly string[]): string[] {
  const out: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index]!;
    if (word === "--") return out.concat(argv.slice(index));
    out.push(word);
    if (word === "--json" && argv[index + 1] === "-") {
      out.push("--request-from-stdin");
      index++;
    }
  }
  return out;
}

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds from `1500`, `1500ms`, `30s`, `5m`, `2h` or `7d`. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text);
  if (match === null) throw new UsageError(`"${text}" is no duration; write for example 30s, 5m, 2h or 7d`);
  return Number(match[1]) * units[match[2] ?? "ms"]!;
}

/** Milliseconds that a timer can wait; the longest that Node has is about 25 days. */
export function parseTimeLimit(text: string): number {
  return Math.min(parseDuration(text), 2 ** 31 - 1);
}

/** JSON from a flag, with the flag's name in the complaint. */
export function parseJson(flag: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${flag} takes JSON, for example '{"a": 1}': ${(error as Error).message}`);
  }
}

/** No secret is longer; a wrong path can name an input without an end. */
const secretBytes = 64 * 1024;

/** The text of a file that holds nothing but a secret. */
export function readSecretFile(flag: string, path: string): string {
  let text: string | undefined;
  try {
    text = readBounded(path, secretBytes);
  } catch (error) {
    throw new UsageError(`${flag} names a file that cannot be read: ${(error as Error).message}`);
  }
  if (text === undefined)
    throw new UsageError(
      `${flag} names a file of more than ${secretBytes / 1024} KiB, which holds no secret`,
    );
  return text.trim();
}

/** The file's text; undefined when it is longer. */
function readBounded(path: string, limitBytes: number): string | undefined {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(limitBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= limitBytes; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    return length > limitBytes ? undefined : bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}

/**
 * Refuses words that are not text: Node puts U+FFFD where bytes are no UTF-8, and so would change what is sent. Where the
 * system does not show the bytes, a word with that character is refused, which is rarely meant.
 */
export function requireText(argv: readonly string[], bytes = ownArguments): void {
  const suspects = argv.flatMap((word, at) => (word.includes("\ufffd") ? [at] : []));
  if (suspects.length === 0) return;
  const raw = bytes();
  for (const at of suspects) {
    const word = raw?.at(at - argv.length);
    if (word !== undefined && isUtf8(word)) continue;
    throw new UsageError(
      `argument ${at - 1} is not text in UTF-8 ("${argv[at]}"); pass text in UTF-8, and bytes encoded, for example with base64`,
    );
  }
}

/** The words of this process's command line as bytes; undefined where the system does not show them. */
function ownArguments(): Buffer[] | undefined {
  let line: Buffer;
  try {
    line = readFileSync("/proc/self/cmdline");
  } catch {
    return undefined;
  }
  const words: Buffer[] = [];
  for (let start = 0; start < line.length; ) {
    const end = line.indexOf(0, start);
    words.push(line.subarray(start, end === -1 ? line.length : end));
    start = end === -1 ? line.length : end + 1;
  }
  return words;
}
