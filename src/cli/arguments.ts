import { readFileSync } from "node:fs";

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

/** JSON from a flag, with the flag's name in the complaint. */
export function parseJson(flag: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${flag} takes JSON, for example '{"a": 1}': ${(error as Error).message}`);
  }
}

/** The text of a file that holds nothing but a secret. */
export function readSecretFile(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new UsageError(`${flag} names a file that cannot be read: ${(error as Error).message}`);
  }
}

/** All of stdin as text. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError("stdin is not text in UTF-8; encode bytes first, for example with base64");
  }
}
