import fc from "fast-check";

/** A schema of the authoring subset, written out; what has a `$name` becomes a definition of its own. */
export type Node = { [keyword: string]: unknown; $name?: string };

/** Two versions of one schema. */
export interface SchemaPair {
  before: Node;
  after: Node;
}

const patterns = ["^[a-z]{0,3}$", "^[a-z]{1,2}$", "^a$", "^[a-z0-9]*$", "^[A-Z]$", "^[0-9]{1,4}$", "^[^a]*$"];
const words = ["", "a", "b", "c", "ab", "abc", "A", "1", "2026", "é", "😀", "aaaa"];
const fields = ["a", "b", "c", "d"];
const small = { minLength: 1, maxLength: 3 };

const pattern = fc.constantFrom(...patterns);
const word = fc.constantFrom(...words);
const open = fc.constantFrom<Node>({}, { "x-open": true });

function span(low: string, high: string, from: number, to: number): fc.Arbitrary<Node> {
  return fc
    .tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to }))
    .map(([a, b]) => ({ [low]: Math.min(a, b), [high]: Math.max(a, b) }));
}

const text = fc.tuple(span("minLength", "maxLength", 0, 4), fc.option(pattern)).map(
  ([lengths, found]): Node => ({
    type: "string",
    ...lengths,
    ...(found === null ? {} : { pattern: found }),
  }),
);
const set = fc
  .tuple(fc.uniqueArray(word, small), open)
  .map(([values, mark]): Node => ({ type: "string", enum: values, ...mark }));
const literal = word.map((value): Node => ({ type: "string", const: value }));
const integer = span("minimum", "maximum", -3, 3).map((bounds): Node => ({ type: "integer", ...bounds }));
const leaf = fc.oneof(
  text,
  set,
  literal,
  integer,
  fc.constantFrom<Node>({ type: "boolean" }, { $name: "JsonValue" }),
);

const { node } = fc.letrec<{ node: Node; object: Node; list: Node; map: Node; union: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    leaf,
    tie("object"),
    tie("list"),
    tie("map"),
    tie("union"),
  ),
  object: fc
    .tuple(
      fc.uniqueArray(fc.constantFrom(...fields), { maxLength: 3 }),
      fc.array(tie("node"), { minLength: 3, maxLength: 3 }),
      fc.nat(7),
      open,
    )
    .map(([names, shapes, required, mark]) => objectOf(names, shapes, required, mark)),
  list: fc
    .tuple(tie("node"), span("minItems", "maxItems", 0, 3))
    .map(([items, bounds]): Node => ({ type: "array", items, ...bounds })),
  map: fc.tuple(tie("node"), pattern, fc.nat(3), fc.nat(4)).map(
    ([values, keys, most, longest]): Node => ({
      type: "object",
      additionalProperties: values,
      propertyNames: { type: "string", pattern: keys, maxLength: longest },
      maxProperties: most,
    }),
  ),
  union: fc
    .tuple(
      fc.uniqueArray(fc.constantFrom("x", "y", "z"), small),
      fc.array(tie("object"), { minLength: 3, maxLength: 3 }),
      open,
    )
    .map(
      ([tags, objects, mark]): Node => ({
        type: "object",
        discriminator: { propertyName: "kind" },
        oneOf: tags.map((tag, index) => variantOf(tag, objects[index]!)),
        ...mark,
      }),
    ),
}));

function objectOf(names: string[], shapes: Node[], required: number, mark: Node): Node {
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(names.map((name, index) => [name, shapes[index]!])),
    required: names.filter((_, index) => (required >> index) % 2 === 1),
    ...mark,
  };
}

/** A union's variant: the object with its tag. */
function variantOf(tag: string, object: Node): Node {
  return {
    ...object,
    $name: "V",
    properties: { kind: { type: "string", const: tag }, ...(object.properties as object) },
    required: ["kind", ...(object.required as string[])],
  };
}

/** A change of one node: the node in its place, or null where it has no such change. */
type Mutation = (node: Node, other: Node, pick: number) => Node | null;

const bounded = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties"];

const at = <T>(items: readonly T[], pick: number): T => items[pick % items.length]!;
const without = (node: Node, ...keys: string[]): Node =>
  Object.fromEntries(Object.entries(node).filter(([key]) => !keys.includes(key)));
const valuesOf = (node: Node): string[] => (node.enum as string[] | undefined) ?? [node.const as string];
const isText = (node: Node): boolean => node.type === "string" && !node.enum && node.const === undefined;
const isSet = (node: Node): boolean => node.enum !== undefined || node.const !== undefined;
const isObject = (node: Node): boolean => node.properties !== undefined;

const mutations: Mutation[] = [
  (node, _, pick) => {
    const keys = bounded.filter((key) => typeof node[key] === "number");
    if (keys.length === 0) return null;
    const key = at(keys, pick);
    return { ...node, [key]: (node[key] as number) + (pick % 2 === 0 ? 1 : -1) };
  },
  // A set becomes text: free, bounded, or with a pattern.
  (node, _, pick) => (isSet(node) ? { type: "string", maxLength: pick % 5, ...named(node) } : null),
  (node, _, pick) =>
    isSet(node) ? { type: "string", minLength: pick % 3, maxLength: 300, ...named(node) } : null,
  (node, _, pick) =>
    isSet(node) ? { type: "string", maxLength: 300, pattern: at(patterns, pick), ...named(node) } : null,
  (node, _, pick) =>
    isText(node)
      ? { type: "string", enum: [at(words, pick), "zz"].slice(0, 1 + (pick % 2)), ...named(node) }
      : null,
  (node, _, pick) => (isText(node) ? { type: "string", const: at(words, pick), ...named(node) } : null),
  (node, _, pick) =>
    node.enum ? { ...node, enum: [...new Set([...valuesOf(node), at(words, pick)])] } : null,
  (node) => (node.enum ? { ...node, enum: [...valuesOf(node), "l".repeat(257)] } : null),
  (node, _, pick) =>
    node.enum && valuesOf(node).length > 1
      ? { ...node, enum: valuesOf(node).filter((_value, index) => index !== pick % valuesOf(node).length) }
      : null,
  (node) => (node.const === undefined ? null : { ...without(node, "const"), enum: [node.const] }),
  (node) => (node.enum && !node["x-open"] ? { ...without(node, "enum"), const: valuesOf(node)[0] } : null),
  (node, _, pick) => (node.const === undefined ? null : { ...node, const: at(words, pick) }),
  (node, _, pick) => (isText(node) ? { ...node, pattern: at(patterns, pick) } : null),
  (node) => (node.pattern === undefined ? null : without(node, "pattern")),
  (node) => (isText(node) && node.pattern !== undefined ? { ...node, format: "uuid" } : null),
  (node) =>
    node.enum || node.oneOf || isObject(node)
      ? node["x-open"]
        ? without(node, "x-open")
        : { ...node, "x-open": true }
      : null,
  (node, other, pick) => {
    if (!isObject(node)) return null;
    const name = at(fields, pick);
    const required = (node.required as string[]).filter((key) => key !== name);
    return {
      ...node,
      properties: { ...(node.properties as object), [name]: other },
      required: pick % 2 === 0 ? required : [...required, name],
    };
  },
  (node, _, pick) => {
    const names = isObject(node) ? Object.keys(node.properties as object) : [];
    if (names.length === 0) return null;
    const name = at(names, pick);
    return {
      ...node,
      properties: without(node.properties as Node, name),
      required: (node.required as string[]).filter((key) => key !== name),
    };
  },
  (node, _, pick) => {
    const names = isObject(node) ? Object.keys(node.properties as object) : [];
    if (names.length === 0) return null;
    const name = at(names, pick);
    const required = node.required as string[];
    return {
      ...node,
      required: required.includes(name) ? required.filter((key) => key !== name) : [...required, name],
    };
  },
  (node, other, pick) =>
    node.oneOf
      ? {
          ...node,
          oneOf: [
            ...(node.oneOf as Node[]),
            variantOf(
              at(["w", "x", "y", "v".repeat(257)], pick),
              isObject(other) ? other : objectOf([], [], 0, {}),
            ),
          ],
        }
      : null,
  (node, _, pick) =>
    node.oneOf && (node.oneOf as Node[]).length > 1
      ? {
          ...node,
          oneOf: (node.oneOf as Node[]).filter(
            (_arm, index) => index !== pick % (node.oneOf as Node[]).length,
          ),
        }
      : null,
  (node, _, pick) =>
    node.type === "string" || node.type === "integer" || node.type === "boolean"
      ? at<Node>(
          [
            { type: "string", maxLength: 300 },
            { type: "integer", minimum: -9, maximum: 9 },
            { type: "boolean" },
          ],
          pick,
        )
      : null,
  (node) => ({ type: "array", items: node, minItems: 0, maxItems: 3 }),
  (node) => (node.type === "array" ? (node.items as Node) : null),
  (node, _, pick) =>
    isObject(node)
      ? {
          type: "object",
          additionalProperties: { $name: "JsonValue" },
          propertyNames: { type: "string", pattern: at(patterns, pick), maxLength: 9 },
          maxProperties: 9,
        }
      : null,
  (node, _, pick) =>
    node.propertyNames
      ? { ...node, propertyNames: { ...(node.propertyNames as Node), maxLength: pick % 5 } }
      : null,
  (node, _, pick) =>
    node.propertyNames
      ? { ...node, propertyNames: { ...(node.propertyNames as Node), pattern: at(patterns, pick) } }
      : null,
  (node) => ({
    type: "object",
    discriminator: { propertyName: "kind" },
    oneOf: [variantOf("x", isObject(node) ? node : objectOf(["a"], [node], 1, {}))],
  }),
  (node) => (node.$name ? without(node, "$name") : { ...node, $name: "N" }),
  () => ({ $name: "JsonValue" }),
  (_, other) => other,
  // Outside the subset: the linter must refuse these, or the comparison see them.
  (node) => (node.type === "integer" ? { ...node, type: "number" } : null),
  (node) => (typeof node.type === "string" ? { ...node, type: [node.type, "null"] } : null),
  (node) => (isObject(node) ? { ...node, additionalProperties: true } : null),
  (node, other) => ({ anyOf: [node, other] }),
  (node, other) => ({ oneOf: [node, other] }),
  (node) => (isObject(node) ? { ...node, minProperties: 1 } : null),
  (node) => (isObject(node) ? { ...node, dependentRequired: { a: ["b"] } } : null),
  (node) => (node.type === "array" ? { ...node, uniqueItems: true } : null),
  (node) => (node.type === "integer" ? { ...node, multipleOf: 2 } : null),
  (node) => (node.enum ? { ...node, minLength: 1 } : null),
  (node, _, pick) => (isSet(node) ? { ...node, pattern: at(patterns, pick) } : null),
  (node) => (node.enum ? { ...node, const: valuesOf(node)[0] } : null),
  (node) =>
    node.propertyNames ? { ...node, propertyNames: { ...(node.propertyNames as Node), minLength: 1 } } : null,
];

function named(node: Node): Node {
  return node.$name === undefined ? {} : { $name: node.$name };
}

/** Nodes below a node, itself first. */
function nodesOf(node: Node): Node[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)];
}

/** The schemas directly below a node. */
export function childrenOf(node: Node): Node[] {
  const properties = Object.values((node.properties as Record<string, Node> | undefined) ?? {});
  const values = typeof node.additionalProperties === "object" ? [node.additionalProperties as Node] : [];
  const arms = [...((node.oneOf as Node[]) ?? []), ...((node.anyOf as Node[]) ?? [])];
  return [...properties, ...values, ...arms, ...(node.items ? [node.items as Node] : [])];
}

/** The node with one below it replaced. */
function replace(node: Node, target: Node, by: Node): Node {
  if (node === target) return by;
  return mapChildren(node, (child) => replace(child, target, by));
}

/** The node with every schema directly below it mapped. */
export function mapChildren(node: Node, map: (child: Node) => Node): Node {
  const properties = node.properties as Record<string, Node> | undefined;
  return {
    ...node,
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, inner]) => [name, map(inner)]),
          ),
        }
      : {}),
    ...(typeof node.additionalProperties === "object"
      ? { additionalProperties: map(node.additionalProperties as Node) }
      : {}),
    ...(node.oneOf ? { oneOf: (node.oneOf as Node[]).map(map) } : {}),
    ...(node.anyOf ? { anyOf: (node.anyOf as Node[]).map(map) } : {}),
    ...(node.items ? { items: map(node.items as Node) } : {}),
  };
}

function mutate(node: Node, kind: number, place: number, other: Node, pick: number): Node {
  const mutation = at(mutations, kind);
  // From the picked place on, the first node that has this change.
  const nodes = nodesOf(node);
  for (let step = 0; step < nodes.length; step += 1) {
    const target = at(nodes, place + step);
    const by = mutation(target, other, pick);
    if (by !== null) return replace(node, target, by);
  }
  return node;
}

const step = fc.tuple(fc.nat(mutations.length - 1), fc.nat(30), node, fc.nat(60));

/** Near misses: a random schema, and the same after one to three changes. */
export const schemaPairs: fc.Arbitrary<SchemaPair> = fc
  .tuple(node, fc.array(step, small))
  .map(([before, steps]) => ({
    before,
    after: steps.reduce(
      (found, [kind, place, other, pick]) => mutate(found, kind, place, other, pick),
      before,
    ),
  }));
