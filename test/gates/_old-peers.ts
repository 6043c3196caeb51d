import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { childrenOf, mapChildren, type Node } from "./_schema-pairs.js";

/** What readers take that do not know the newest contract: written for this test alone, so that it can judge the lowering. */
function relaxed(node: Node): Node {
  const inner = mapChildren(node, relaxed);
  if (node["x-open"] !== true) return inner;
  if (node.enum) return { type: "string", maxLength: 256 };
  if (!node.oneOf)
    return Object.fromEntries(Object.entries(inner).filter(([key]) => key !== "additionalProperties"));
  const tags = (node.oneOf as Node[]).map((arm) => (arm.properties as Record<string, Node>).kind?.const);
  const kind = { type: "string", maxLength: 256, not: { enum: tags } };
  return {
    type: "object",
    oneOf: [...(inner.oneOf as Node[]), { type: "object", properties: { kind }, required: ["kind"] }],
  };
}

function compile(node: Node): ValidateFunction {
  return new Ajv2020({ strict: false, validateFormats: false, unicodeRegExp: true }).compile(node);
}

/** A value that the writer may send and the reader refuses; null when none was found. */
export function brokenValue(
  role: "request" | "response",
  before: Node,
  after: Node,
): { value: unknown; tried: number } | { tried: number } {
  // Callers send what the strict request allows; an old reader may meet all that a newer daemon passes on.
  const [writer, reader] = role === "request" ? [before, after] : [after, relaxed(before)];
  const sends = role === "request" ? [compile(writer)] : [compile(writer), compile(relaxed(writer))];
  const takes = compile(reader);
  const hints = [...strings(before), ...strings(after)];
  let tried = 0;
  for (const value of samples(writer, role === "response", hints)) {
    if (!sends.some((sent) => sent(value))) continue;
    tried += 1;
    if (!takes(value)) return { value, tried };
  }
  return { tried };
}

const words = [
  "",
  "a",
  "b",
  "ab",
  "abc",
  "abcd",
  "A",
  "1",
  "12",
  "2026",
  "é",
  "😀",
  "😀😀",
  "aaaaa",
  "u".repeat(256),
  "u".repeat(299),
];

/** The literals and nothing else: bounds are met by the words. */
function strings(node: Node): string[] {
  const own = [...((node.enum as string[] | undefined) ?? []), node.const].filter(
    (value) => typeof value === "string",
  );
  return [...own, ...childrenOf(node).flatMap(strings)];
}

const most = 400;

/** Values at and around every bound of a schema, each part varied while the others stand still. */
function samples(node: Node, newer: boolean, hints: string[]): unknown[] {
  return kindsOf(node, newer, hints).slice(0, most);
}

function kindsOf(node: Node, newer: boolean, hints: string[]): unknown[] {
  const inner = (child: Node): unknown[] => samples(child, newer, hints).slice(0, 40);
  const isOpen = newer && node["x-open"] === true;
  if (node.oneOf)
    return [
      ...(node.oneOf as Node[]).flatMap((arm) => samples(arm, newer, hints)),
      ...(isOpen ? [{ kind: "newer" }, { kind: "newer", a: 1 }] : []),
    ];
  switch (node.type) {
    case "string": {
      const listed = node.const === undefined ? ((node.enum as string[] | undefined) ?? []) : [node.const];
      const free = listed.length === 0 || isOpen;
      return [...listed, ...(free ? [...hints, ...words].filter((value) => fits(node, value)) : [])];
    }
    case "integer": {
      const [low, high] = [node.minimum as number, node.maximum as number];
      return [low, high, low + 1, high - 1, 0].filter((value) => value >= low && value <= high);
    }
    case "boolean":
      return [true, false];
    case "array": {
      const values = inner(node.items as Node);
      const [few, many] = [node.minItems as number, node.maxItems as number];
      const lists = values.map((value) => new Array(Math.max(few, Math.min(1, many))).fill(value));
      return [
        new Array(few).fill(values[0]),
        new Array(many).fill(values[0]),
        ...lists,
        ...(many > 1 ? [values.slice(0, many)] : []),
      ];
    }
    case "object":
      return node.properties ? objects(node, inner, isOpen) : maps(node, inner, hints);
    default:
      return [null, 0, "", true, [], {}, { kind: "x" }, 0.5];
  }
}

function fits(node: Node, value: string): boolean {
  const length = [...value].length;
  const matches = node.pattern === undefined || new RegExp(node.pattern as string, "u").test(value);
  return (
    length >= ((node.minLength as number) ?? 0) && length <= ((node.maxLength as number) ?? 256) && matches
  );
}

function objects(node: Node, inner: (child: Node) => unknown[], isOpen: boolean): unknown[] {
  const parts = Object.entries(node.properties as Record<string, Node>).map(([name, child]) => ({
    name,
    required: (node.required as string[]).includes(name),
    values: inner(child),
  }));
  const full = Object.fromEntries(parts.map(({ name, values }) => [name, values[0]]));
  const least = Object.fromEntries(
    parts.filter(({ required }) => required).map(({ name, values }) => [name, values[0]]),
  );
  return [
    full,
    least,
    ...(isOpen ? [{ ...full, newer: 1 }] : []),
    ...parts.flatMap(({ name, values }) => values.flatMap((value) => [{ ...least, [name]: value }])),
  ];
}

function maps(node: Node, inner: (child: Node) => unknown[], hints: string[]): unknown[] {
  const keys = [...new Set([...hints, ...words])].filter((key) => fits(node.propertyNames as Node, key));
  const values = inner(node.additionalProperties as Node);
  const first = keys[0];
  const many = Object.fromEntries(keys.slice(0, node.maxProperties as number).map((key) => [key, values[0]]));
  if (first === undefined) return [{}];
  return [
    {},
    many,
    ...keys.map((key) => ({ [key]: values[0] })),
    ...values.map((value) => ({ [first]: value })),
  ];
}
