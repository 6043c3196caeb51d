import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours only where a person looks: a terminal that did not refuse them. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined));
}

/** A note for the person, kept apart from the output proper. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Rows as an aligned table; `columns` are dotted paths into a row. For a terminal of `width` characters times and kinds
 * are short and the widest columns cut, never the first one and never an id, so that a row stays a line where it can;
 * without a width everything is there as it is, as scripts want it.
 */
export function table(
  rows: readonly unknown[],
  columns: readonly string[],
  width = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  const header = columns.map((column) => column.split(".").at(-1)!.toUpperCase());
  const write = width === undefined ? cell : shortCell;
  const cells = rows.map((row) => columns.map((column) => write(valueAt(row, column))));
  const widths = header.map((title, index) =>
    Math.max(title.length, ...cells.map((line) => line[index]!.length)),
  );
  const total = (gap: number): number =>
    widths.reduce((sum, each) => sum + each, 0) + gap * (widths.length - 1);
  const gap = width !== undefined && total(2) > width ? 1 : 2;
  if (width !== undefined) {
    const whole = columns.map((_, index) => index === 0 || cells.some((line) => isId(line[index]!)));
    shrink(widths, whole, total(gap) - width);
  }
  const line = (words: readonly string[]): string =>
    words
      .map((word, index) => (word.length > widths[index]! ? `${word.slice(0, widths[index]! - 1)}…` : word))
      .map((word, index) => (index === words.length - 1 ? word : word.padEnd(widths[index]! + gap)))
      .join("")
      .trimEnd();
  return [paint("bold", line(header)), ...cells.map(line)].join("\n");
}

/** Takes `excess` from the widest columns, but leaves each so much that it can be told from others. */
function shrink(widths: number[], whole: readonly boolean[], excess: number): void {
  const least = 12;
  for (let left = excess; left > 0; left -= 1) {
    const widest = Math.max(...widths.filter((_, index) => !whole[index]), 0);
    if (widest <= least) return;
    widths[widths.findIndex((each, index) => each === widest && !whole[index])]! -= 1;
  }
}

function isId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text);
}

/** A cell as people read it: a time of today without its date, a kind without what all kinds begin with. */
function shortCell(value: unknown): string {
  if (Array.isArray(value)) return value.map(shortCell).join(", ") || "-";
  const text = cell(value);
  if (/^peer_(message|request|response)$/.test(text)) return text.slice("peer_".length);
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return text;
  const at = new Date(text);
  const clock = at.toTimeString().slice(0, 8);
  if (at.toDateString() === new Date().toDateString()) return clock;
  return `${at.toDateString().slice(4, 10)} ${clock.slice(0, 5)}`;
}

/** An object as `key  value` lines, nested objects by dotted keys. */
export function properties(value: unknown, prefix = ""): string {
  const lines: [string, string][] = [];
  collect(value, prefix, lines);
  const width = Math.max(0, ...lines.map(([key]) => key.length));
  return lines.map(([key, text]) => `${paint("dim", key.padEnd(width))}  ${text}`).join("\n");
}

function collect(value: unknown, prefix: string, lines: [string, string][]): void {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value))
      collect(inner, prefix === "" ? key : `${prefix}.${key}`, lines);
  } else lines.push([prefix, cell(value)]);
}

function valueAt(row: unknown, path: string): unknown {
  let value = row;
  for (const key of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "-";
  if (Array.isArray(value)) return value.map(cell).join(", ") || "-";
  return typeof value === "object" ? JSON.stringify(value) : printable(String(value));
}

/** Text of others must not steer the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
