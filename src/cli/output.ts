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
 * Rows as an aligned table; `columns` are dotted paths into a row. In `width` characters its widest columns are cut, so
 * that a row stays a line; without it everything is there, as scripts want it.
 */
export function table(
  rows: readonly unknown[],
  columns: readonly string[],
  width = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  const header = columns.map((column) => column.split(".").at(-1)!.toUpperCase());
  const cells = rows.map((row) => columns.map((column) => cell(valueAt(row, column))));
  const widths = header.map((title, index) =>
    Math.max(title.length, ...cells.map((line) => line[index]!.length)),
  );
  if (width !== undefined) shrink(widths, width - 2 * (widths.length - 1));
  const line = (words: readonly string[]): string =>
    words
      .map((word, index) => (word.length > widths[index]! ? `${word.slice(0, widths[index]! - 1)}…` : word))
      .map((word, index) => (index === words.length - 1 ? word : word.padEnd(widths[index]! + 2)))
      .join("")
      .trimEnd();
  return [paint("bold", line(header)), ...cells.map(line)].join("\n");
}

/** Takes from the widest until the sum fits, but leaves each so much that it can be told from others. */
function shrink(widths: number[], room: number): void {
  const least = 12;
  const sum = (): number => widths.reduce((total, width) => total + width, 0);
  while (sum() > room && Math.max(...widths) > least) {
    const widest = Math.max(...widths);
    const at = widths.indexOf(widest);
    const next = Math.max(least, ...widths.filter((width) => width < widest));
    const level = Math.max(next, widest - (sum() - room));
    widths[at] = level === widest ? widest - 1 : level;
  }
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
