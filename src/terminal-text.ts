/**
 * What a terminal would obey or hide instead of showing: C0 and C1 controls with DEL, so every escape sequence, line and
 * paragraph separators, bidirectional controls, annotation controls, and the byte order mark.
 */
const obeyed =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb]/g;

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line for a terminal: everything that it would obey is written as JSON escapes it, which JSON text stays valid with. */
export function visibleLine(text: string): string {
  return text.replace(obeyed, escaped);
}

/** As `visibleLine`, but line feeds and tabs are kept. */
export function visibleText(text: string): string {
  return text.replace(obeyed, (one) => (one === "\n" || one === "\t" ? one : escaped(one)));
}

function escaped(one: string): string {
  return short[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
