import type { ErrorDetail } from "./contract-error.js";

interface Rule {
  /** What the pattern allows, in words. */
  words: string;
  /** A name, for which a refused one suggests another. */
  isName?: true;
  /** The value may be a secret, or hold one. */
  isSecret?: true;
}

export const namePattern = "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$";

const hexDigest = { words: "16 hexadecimal digits in lower case" };

/**
 * The patterns that requests are checked with. A person reads the words, not the expression. The Python SDK has the same
 * table in `_runtime/pattern_rules.py`; a test holds both to the contract.
 */
export const patternRules: Readonly<Record<string, Rule>> = {
  [namePattern]: { words: "lower-case letters, digits and inner hyphens, 1 to 63 characters", isName: true },
  "^(?:\\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$": {
    words: "`*`, or lower-case letters, digits and inner hyphens, 1 to 63 characters",
    isName: true,
  },
  "^[a-z0-9][a-z0-9._/-]{0,62}$": {
    words: "lower-case letters, digits, `.`, `_`, `/` and `-` after a letter or digit, 1 to 63 characters",
    isName: true,
  },
  "^[A-Za-z0-9][A-Za-z0-9._:/-]*$": {
    words: "letters, digits, `.`, `_`, `:`, `/` and `-` after a letter or digit, 1 to 128 characters",
    isName: true,
  },
  "^[0-9a-z]{8,32}$": { words: "the id of a token, 8 to 32 lower-case letters and digits" },
  "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$": {
    words: "a UUID in lower case, as 0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f",
  },
  "^[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}$": { words: "a version, as 0.3.0" },
  "^[0-9a-f]{16}$": hexDigest,
  "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$": { words: "a `traceparent` of W3C trace context" },
  "^[A-Za-z0-9_-]{16,128}$": { words: "16 to 128 letters, digits, `_` and `-`", isSecret: true },
  // Refused for what it should not hold, for example a password.
  "^https?://[A-Za-z0-9.:\\[\\]-]{1,280}/?$": {
    words: "http:// or https:// with host and port alone, as http://192.168.1.10:7433",
    isSecret: true,
  },
  "^[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}$": {
    words: "8 letters and digits with or without a hyphen in the middle, as 7KQ2-M9XP",
    isSecret: true,
  },
};

/** Why a text that does not match `pattern` is refused: the value, the rule in words and, for a name, one that would do. */
export function patternDetail(field: string, pattern: string, value: string): ErrorDetail {
  const { words = `a match of ${pattern}`, isName, isSecret = false } = patternRules[pattern] ?? {};
  const suggestion = isName ? suggestedName(value) : undefined;
  const expected = suggestion === undefined ? words : `${words}; for example ${suggestion}`;
  return { field, issue: "pattern", expected, got: isSecret ? countOf(value) : quoted(value) };
}

/** A name as close to the text as the rule of names allows; undefined when nothing of it is left. */
export function suggestedName(text: string): string | undefined {
  const name = text
    .slice(0, 256)
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, 63)
    .replace(/-$/, "");
  return name === "" ? undefined : name;
}

/** The sentence of a request that was refused for a text; undefined when no detail shows one. */
export function refusedText(details: readonly ErrorDetail[]): string | undefined {
  const detail = details.find(({ issue, got }) => issue === "pattern" && got.startsWith('"'));
  if (detail === undefined) return undefined;
  const { field, expected, got } = detail;
  const more = details.length === 1 ? "" : " `details` lists every field that is wrong.";
  return `${field} cannot be ${got}: use ${expected}.${more}`;
}

/** As JSON writes it, cut to 64 characters: spaces at its ends and control characters are seen. */
function quoted(text: string): string {
  const characters = [...text.slice(0, 256)];
  const cut = characters.length > 64 ? `${characters.slice(0, 61).join("")}...` : characters.join("");
  return JSON.stringify(cut);
}

function countOf(text: string): string {
  return `${[...text].length} characters`;
}
