/**
 * Line and column of a key in TOML text, counted from 1; undefined when it is written in a way that this scan does not
 * see. The parser keeps no positions, and only error messages need them.
 */
export function locateKey(
  text: string,
  path: readonly string[],
): { line: number; column: number } | undefined {
  let table: string[] = [];
  let best: { line: number; column: number; depth: number } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}/.exec(line);
    const pair = header === null ? /^\s*([A-Za-z0-9_."'-]+)\s*=/.exec(line) : null;
    const name = header?.[1] ?? pair?.[1];
    if (name === undefined) {
      continue;
    }
    const parts = name.split(".").map((part) => part.trim().replace(/^(["'])(.*)\1$/, "$2"));
    const full = header === null ? [...table, ...parts] : parts;
    if (header !== null) {
      table = parts;
    }
    const isPrefix = full.length <= path.length && full.every((part, at) => part === path[at]);
    if (isPrefix && full.length > (best?.depth ?? 0)) {
      best = { line: index + 1, column: line.indexOf(name) + 1, depth: full.length };
    }
  }
  return best === undefined ? undefined : { line: best.line, column: best.column };
}
