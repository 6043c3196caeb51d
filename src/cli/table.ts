import { visibleLine } from "../terminal-text.js";
import { paint, print, printText } from "./output.js";

/** Prints rows as a table with a header. */
export function printTable(rows: readonly unknown[], columns: readonly string[]): void {
  const [header, ...lines] = tableLines(rows, columns);
  print(paint("bold", header!));
  for (const line of lines) printText(`${line}\n`);
}

/**
 * Header and rows as aligned lines; `columns` are dotted paths into a row. For a terminal of `width` characters times and
 * kinds are short and the widest columns cut, never the first one and never an id, so that a row stays a line where it can;
 * without a width everything is there as it is, as scripts want it.
 */
export function tableLines(
  rows: readonly unknown[],
  columns: readonly string[],
  width = terminalWidth(),
): string[] {
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
  const cuts = columns.map((_, index) =>
    cutApart(
      cells.map((line) => line[index]!),
      widths[index]!,
    ),
  );
  const line = (words: readonly string[]): string =>
    words
      .map((word, index) => cuts[index]?.get(word) ?? cut(word, widths[index]!))
      .map((word, index) => (index === words.length - 1 ? word : word.padEnd(widths[index]! + gap)))
      .join("")
      .trimEnd();
  return [header, ...cells].map(line);
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** Cells of a column that would look the same once they are cut, each with what it differs in. */
function cutApart(cells: readonly string[], width: number): Map<string, string> {
  const alike = Map.groupBy(new Set(cells.filter((text) => text.length > width)), (text) => cut(text, width));
  const apart = new Map<string, string>();
  for (const group of alike.values()) {
    if (group.length < 2) continue;
    const common = commonLength(group);
    const head = Math.min(Math.floor(width / 3), common);
    for (const text of group)
      apart.set(text, `${text.slice(0, head)}…${cut(text.slice(common), width - head - 1)}`);
  }
  return apart;
}

/** How many characters all begin with. */
function commonLength([first = "", ...others]: readonly string[]): number {
  let length = 0;
  while (length < first.length && others.every((other) => other[length] === first[length])) length += 1;
  return length;
}

/** A terminal that does not report its width has 80 columns. */
function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || 80 : undefined;
}

/** Takes `excess` from the widest columns, but leaves each at least 12 characters, which keep rows apart. */
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

const peerKinds = ["peer_message", "peer_request", "peer_response"];

/** A cell as people read it: a time of today without its date, a kind without what all kinds begin with. */
function shortCell(value: unknown): string {
  // Most peers take all kinds; the word leaves room for what differs.
  if (Array.isArray(value) && peerKinds.every((kind) => value.includes(kind))) return "all";
  if (Array.isArray(value)) return value.map(shortCell).join(", ") || "-";
  // Line breaks in a value would make rows that are none.
  const text = visibleLine(cell(value));
  if (/^peer_(message|request|response)$/.test(text)) return text.slice("peer_".length);
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? shortTime(text) : text;
}

/** A point in time for people, in their time zone. */
export function shortTime(text: string): string {
  const at = new Date(text);
  const clock = at.toTimeString().slice(0, 8);
  if (at.toDateString() === new Date().toDateString()) return clock;
  return `${at.toDateString().slice(4, 10)} ${clock.slice(0, 5)}`;
}

/** Prints an object as `key  value` lines, nested objects by dotted keys. */
export function printProperties(value: unknown): void {
  const lines: [string, string][] = [];
  collect(value, "", lines);
  const width = Math.max(0, ...lines.map(([key]) => key.length));
  for (const [key, text] of lines) print(paint("dim", key.padEnd(width)), `  ${text}`);
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
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
