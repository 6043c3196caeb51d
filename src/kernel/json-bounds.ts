/** What keeps the parser from holding up everybody else: a text of a megabyte can take it a tenth of a second. */
export const jsonBounds: { readonly parts: number; readonly names: number; readonly levels: number } = {
  /** Objects, lists and members of objects in one text. */
  parts: 65_536,
  /** Different names of members: a new one costs the parser many times what a known one does. */
  names: 16_384,
  /**
   * Levels that are parsed. More than a request may have, so that the validator sees that it is too deep, wherever in an
   * envelope it lies.
   */
  levels: 80,
};

/** Smaller texts cannot be slow. */
const smallBytes = 16 * 1024;

/**
 * Looks at a JSON text without parsing it. Returns the text to parse, which is this one or, where it nests deeper than
 * any request may, one with a number in the place of what lies there; or the bound that it breaks, in words. It need not
 * be JSON: what makes no sense is left to the parser.
 */
export function boundJson(bytes: Buffer): Buffer | string {
  if (bytes.length <= smallBytes) return bytes;
  const names = new NameCount();
  const kept: Buffer[] = [];
  let keptUntil = 0;
  let depth = 0;
  let parts = 0;
  let name = 0;
  let nameEnd = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case 0x22: // "
        name = at + 1;
        nameEnd = endOfString(bytes, name);
        at = nameEnd;
        break;
      case 0x3a: // :
        if (depth > jsonBounds.levels) break;
        parts += 1;
        names.add(bytes, name, nameEnd);
        if (names.count > jsonBounds.names) return `at most ${jsonBounds.names} different names`;
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        if (depth <= jsonBounds.levels + 1) parts += 1;
        if (depth === jsonBounds.levels + 1) kept.push(bytes.subarray(keptUntil, at), zero);
        if (parts > jsonBounds.parts) return `at most ${jsonBounds.parts} objects, lists and members`;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (depth === jsonBounds.levels + 1) keptUntil = at + 1;
        depth -= 1;
    }
  }
  if (parts > jsonBounds.parts) return `at most ${jsonBounds.parts} objects, lists and members`;
  if (kept.length === 0) return bytes;
  // What never closes is not parsed either: the text is no JSON in any case.
  return Buffer.concat(depth > jsonBounds.levels ? kept : [...kept, bytes.subarray(keptUntil)]);
}

/** With spaces, so that it joins no number beside it. */
const zero = Buffer.from(" 0 ");

/** Bytes of a string that are looked at one by one before its end is searched for, which is quicker from then on. */
const stepBytes = 64;

/** Position of the quote that ends the string, or the end of the text. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; ) {
    const step = Math.min(at + stepBytes, bytes.length);
    for (; at < step; at += 1) {
      const byte = bytes[at];
      if (byte === 0x22) return at;
      if (byte === 0x5c) at += 1;
    }
    const found = bytes.indexOf(0x22, at);
    if (found === -1) return bytes.length;
    let slashes = 0;
    while (found - slashes > at && bytes[found - slashes - 1] === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return found;
    at = found + 1;
  }
  return bytes.length;
}

/** Counts different names by their hashes; a few that collide count once. */
class NameCount {
  count = 0;
  readonly #seen = new Uint8Array(2 ** 18);

  add(bytes: Buffer, start: number, end: number): void {
    let hash = 0;
    // Of longer ones there are never too many in a body.
    const until = Math.min(start + stepBytes, end);
    for (let at = start; at < until; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
    const place = (hash ^ (hash >>> 14)) & (2 ** 18 - 1);
    this.count += 1 - this.#seen[place]!;
    this.#seen[place] = 1;
  }
}
