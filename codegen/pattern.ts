/**
 * A small reader of regular expressions. It takes the forms that mean the same in JavaScript, Python and Rust and
 * proves, cautiously, that matching takes linear time.
 */

/** Returns what is wrong with a pattern and what to write instead, null when nothing is. */
export function checkPattern(pattern: string): { rule: string; text: string } | null {
  if (/\(\?(?:[=!]|<[=!])/.test(pattern))
    return { rule: "pattern-lookaround", text: "uses look-around, which Rust lacks; say it with classes" };
  let root: Node;
  try {
    new RegExp(pattern, "u");
    root = new Reader(pattern).read();
  } catch (error) {
    return { rule: "pattern-portable", text: (error as Error).message };
  }
  if (!pattern.startsWith("^") || !pattern.endsWith("$"))
    return { rule: "pattern-anchored", text: "is not anchored; write `^...$`" };
  const slow = findSlow(root) ?? findAdjacent(root, []);
  return slow === null ? null : { rule: "pattern-linear", text: slow };
}

/** ASCII codes; `other` stands for all that is not ASCII. */
type CharSet = ReadonlySet<number>;
const other = 128;

type Node =
  | { kind: "chars"; chars: CharSet }
  | { kind: "sequence"; items: Node[] }
  | { kind: "choice"; arms: Node[] }
  | { kind: "repeat"; item: Node; min: number; max: number };

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Node {
    if (this.#peek() === "^") this.#at += 1;
    const node = this.#choice();
    if (this.#at < this.#text.length)
      throw new Error(`has an unexpected "${this.#peek()}" at ${this.#at}; escape it`);
    return node;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #choice(): Node {
    const arms = [this.#sequence()];
    while (this.#peek() === "|") {
      this.#at += 1;
      arms.push(this.#sequence());
    }
    return arms.length === 1 && arms[0] !== undefined ? arms[0] : { kind: "choice", arms };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (this.#at < this.#text.length && this.#peek() !== "|" && this.#peek() !== ")") {
      if (this.#peek() === "$" && this.#at === this.#text.length - 1) {
        this.#at += 1;
        break;
      }
      items.push(this.#repeat(this.#atom()));
    }
    return { kind: "sequence", items };
  }

  #atom(): Node {
    const char = this.#peek();
    if (char === "(") return this.#group();
    if (char === "[") return this.#class();
    if (char === ".") {
      this.#at += 1;
      return { kind: "chars", chars: everything() };
    }
    if ("^$*+?{}]".includes(char)) throw new Error(`has an unexpected "${char}" at ${this.#at}; escape it`);
    return { kind: "chars", chars: new Set([this.#character()]) };
  }

  #group(): Node {
    if (!this.#text.startsWith("(?:", this.#at)) throw new Error("has a capturing group; write `(?:...)`");
    this.#at += 3;
    const node = this.#choice();
    if (this.#peek() !== ")") throw new Error("has a group without its end; write `)`");
    this.#at += 1;
    return node;
  }

  #class(): Node {
    this.#at += 1;
    const negated = this.#peek() === "^";
    if (negated) this.#at += 1;
    const chars = new Set<number>();
    while (this.#peek() !== "]") {
      const from = this.#character();
      let to = from;
      if (this.#peek() === "-" && this.#text[this.#at + 1] !== "]") {
        this.#at += 1;
        to = this.#character();
      }
      for (let code = from; code <= to; code += 1) chars.add(Math.min(code, other));
    }
    this.#at += 1;
    if (!negated) return { kind: "chars", chars };
    return {
      kind: "chars",
      chars: new Set([...everything()].filter((code) => code === other || !chars.has(code))),
    };
  }

  #character(): number {
    if (this.#at >= this.#text.length) throw new Error("ends in the middle; close what is open");
    if (this.#peek() === "\\") {
      this.#at += 1;
      if (/[A-Za-z0-9]/.test(this.#peek()))
        throw new Error(
          `uses "\\${this.#peek()}", which engines read differently; write a class such as [0-9]`,
        );
    }
    const code = this.#text.codePointAt(this.#at) ?? 0;
    this.#at += code > 0xffff ? 2 : 1;
    return Math.min(code, other);
  }

  #repeat(item: Node): Node {
    const match = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})/.exec(this.#text.slice(this.#at));
    if (match === null) return item;
    this.#at += match[0].length;
    if ("?+".includes(this.#peek()) && this.#peek() !== "")
      throw new Error(`has "${match[0]}${this.#peek()}"; lazy and possessive repeats are not portable`);
    if (match[0] === "*") return { kind: "repeat", item, min: 0, max: Number.POSITIVE_INFINITY };
    if (match[0] === "+") return { kind: "repeat", item, min: 1, max: Number.POSITIVE_INFINITY };
    if (match[0] === "?") return { kind: "repeat", item, min: 0, max: 1 };
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
    return { kind: "repeat", item, min, max };
  }
}

function everything(): Set<number> {
  return new Set(Array.from({ length: other + 1 }, (_, code) => code));
}

/** A sentence about the first construct that may take more than linear time. */
function findSlow(node: Node): string | null {
  switch (node.kind) {
    case "chars":
      return null;
    case "choice":
      return firstOf(node.arms.map(findSlow));
    case "sequence":
      return firstOf(node.items.map(findSlow));
    case "repeat":
      if (node.max > 1 && node.item.kind !== "chars") {
        if (hasLoop(node.item))
          return "repeats a group that repeats inside; write one repeat, or bound it by hand";
        if (hasOverlap(node.item))
          return "repeats alternatives that begin alike; make their first characters differ";
      }
      return findSlow(node.item);
  }
}

function firstOf(results: (string | null)[]): string | null {
  return results.find((result) => result !== null) ?? null;
}

/** Whether something inside can match a varying number of characters. */
function hasLoop(node: Node): boolean {
  if (node.kind === "repeat") return node.min !== node.max || hasLoop(node.item);
  if (node.kind === "chars") return false;
  return (node.kind === "choice" ? node.arms : node.items).some(hasLoop);
}

function hasOverlap(node: Node): boolean {
  if (node.kind === "chars") return false;
  if (node.kind === "repeat") return hasOverlap(node.item);
  if (node.kind === "sequence") return node.items.some(hasOverlap);
  const firsts = node.arms.map(firstChars);
  return (
    node.arms.some(hasOverlap) ||
    firsts.some((set, index) => firsts.slice(0, index).some((before) => meet(set, before)))
  );
}

/**
 * Two repeats of the same characters share out a text in many ways unless something they both lack stands between.
 * `rest` is what follows the node.
 */
function findAdjacent(node: Node, rest: Node[]): string | null {
  switch (node.kind) {
    case "chars":
      return null;
    case "choice":
      return firstOf(node.arms.map((arm) => findAdjacent(arm, rest)));
    case "sequence":
      return firstOf(
        node.items.map((item, index) => findAdjacent(item, [...node.items.slice(index + 1), ...rest])),
      );
    case "repeat":
      if (node.max === 1) return findAdjacent(node.item, rest);
      if (node.min === node.max || scan(rest, allChars(node)) !== "slow") return null;
      return "has two repeats of the same characters in a row; put a separator between them or make it one";
  }
}

/** Whether a second repeat that takes these characters can be reached (`slow`) before something stops them (`stopped`). */
function scan(nodes: Node[], chars: CharSet): "slow" | "stopped" | "open" {
  for (const node of nodes) {
    const result = scanOne(node, chars);
    if (result !== "open") return result;
  }
  return "open";
}

function scanOne(node: Node, chars: CharSet): "slow" | "stopped" | "open" {
  switch (node.kind) {
    case "chars":
      return meet(chars, node.chars) ? "open" : "stopped";
    case "sequence":
      return scan(node.items, chars);
    case "choice": {
      const results = node.arms.map((arm) => scanOne(arm, chars));
      if (results.includes("slow")) return "slow";
      return results.every((result) => result === "stopped") ? "stopped" : "open";
    }
    case "repeat": {
      if (node.max > 1 && node.min !== node.max && meet(chars, allChars(node))) return "slow";
      const inner = scanOne(node.item, chars);
      return inner === "stopped" && node.min === 0 ? "open" : inner;
    }
  }
}

function firstChars(node: Node): Set<number> {
  switch (node.kind) {
    case "chars":
      return new Set(node.chars);
    case "choice":
      return union(node.arms.map(firstChars));
    case "repeat":
      return firstChars(node.item);
    case "sequence": {
      const sets: Set<number>[] = [];
      for (const item of node.items) {
        sets.push(firstChars(item));
        if (minLength(item) > 0) break;
      }
      return union(sets);
    }
  }
}

function allChars(node: Node): Set<number> {
  if (node.kind === "chars") return new Set(node.chars);
  if (node.kind === "repeat") return allChars(node.item);
  return union((node.kind === "choice" ? node.arms : node.items).map(allChars));
}

function minLength(node: Node): number {
  if (node.kind === "chars") return 1;
  if (node.kind === "repeat") return node.min * minLength(node.item);
  if (node.kind === "choice") return Math.min(...node.arms.map(minLength));
  return node.items.reduce((sum, item) => sum + minLength(item), 0);
}

function union(sets: Iterable<number>[]): Set<number> {
  return new Set(sets.flatMap((set) => [...set]));
}

function meet(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return [...a].some((code) => b.has(code));
}
