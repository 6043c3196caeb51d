import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { breakingSentences, compareContracts, compareRole } from "./breaking.js";
import { breakingRules } from "./breaking-rules.js";
import type {
  Contract,
  ObjectShape,
  Operation,
  Property,
  Shape,
  StringShape,
  TypeDef,
  UnionShape,
} from "./contract.js";
import { loadContract } from "./load.js";
import { reach, typeMap } from "./lower.js";

const contract = loadContract(fileURLToPath(new URL("..", import.meta.url)));
const text: StringShape = { kind: "string", maxLength: 10 };
const tested = new Set<string>();

function field(name: string, shape: Shape, required = false, fallback?: unknown): Property {
  return { name, description: "", required, shape, ...(fallback === undefined ? {} : { default: fallback }) };
}

function object(properties: Property[], open = false): ObjectShape {
  return { kind: "object", properties, open };
}

/** A field of which REST takes this value, and every other surface `a`. */
function perSurface(rest: string): Shape {
  const surfaceValues = { rest, rpc: "a", mcp: "a", cli: "a" };
  return object([{ ...field("source", values(["a", "b"])), surfaceValues }]);
}

function union(tags: string[], open = false): UnionShape {
  return {
    kind: "union",
    discriminator: "kind",
    variants: tags.map((tag) => ({ tag, type: "Variant" })),
    open,
  };
}

function values(all: string[], open = false): StringShape {
  return { kind: "string", enum: all, open, maxLength: 10 };
}

const types = new Map<string, TypeDef>([
  ["Variant", { name: "Variant", module: "x", origin: "x", description: "", shape: object([]) }],
]);
const integer = (minimum: number, maximum: number): Shape => ({ kind: "integer", minimum, maximum });
const list = (minItems: number, maxItems: number): Shape => ({
  kind: "array",
  items: text,
  minItems,
  maxItems,
});
const map = (keyMaxLength: number, maxProperties: number): Shape => ({
  kind: "map",
  values: text,
  keyPattern: "^a$",
  keyMaxLength,
  maxProperties,
});

/** Before and after; the rule must be the only one that speaks. */
type Case = [rule: string, before: Shape, after: Shape];

const narrower: [before: Shape, after: Shape][] = [
  [integer(0, 9), integer(1, 9)],
  [integer(0, 9), integer(0, 8)],
  [text, { ...text, maxLength: 9 }],
  [text, { ...text, minLength: 1 }],
  [list(0, 9), list(1, 9)],
  [list(0, 9), list(0, 8)],
  [map(9, 9), map(8, 9)],
  [map(9, 9), map(9, 8)],
];

const digits: StringShape = { ...text, pattern: "^[0-9]{2}$" };

const written: Case[] = [
  ["type-changed", text, integer(0, 9)],
  ["type-changed", { kind: "json" }, text],
  ["type-changed", union(["a"]), { ...union(["a"]), discriminator: "type" }],
  ["field-removed", object([field("a", text)]), object([])],
  ["optional-added", object([]), object([field("a", text)])],
  ["required-added", object([]), object([field("a", text, true)])],
  ["became-required", object([field("a", text)]), object([field("a", text, true)])],
  ["became-optional", object([field("a", text, true)]), object([field("a", text)])],
  ["default-changed", object([field("a", text, false, "x")]), object([field("a", text, false, "y")])],
  ["default-changed", object([field("a", text, false, "x")]), object([field("a", text)])],
  ["default-added", object([field("a", text)]), object([field("a", text, false, "x")])],
  ["variant-removed", union(["a", "b"]), union(["a"])],
  ["variant-added", union(["a"]), union(["a", "b"])],
  ["enum-value-removed", values(["a", "b"]), values(["a"])],
  ["enum-value-removed", text, values(["a"])],
  ["enum-value-added", values(["a"]), values(["a", "b"])],
  ["enum-value-added", values(["a"]), text],
  ["enum-value-added", values(["a"]), { ...text, pattern: "^a$" }],
  ...narrower.map(([before, after]): Case => ["bound-tightened", before, after]),
  ...narrower.map(([before, after]): Case => ["bound-loosened", after, before]),
  ["pattern-changed", { ...text, pattern: "^a$" }, { ...text, pattern: "^b$" }],
  ["pattern-changed", text, { ...text, pattern: "^b$" }],
  ["pattern-removed", { ...text, pattern: "^a$" }, text],
  ["surface-value-changed", perSurface("a"), perSurface("b")],
];

const read: Case[] = [
  ["type-changed", text, integer(0, 9)],
  ["field-removed", object([field("a", text)], true), object([], true)],
  ["field-added", object([], true), object([field("a", text)], true)],
  ["field-added", object([], true), object([field("a", text, true)], true)],
  ["field-added-to-closed", object([]), object([field("a", text)])],
  ["became-optional", object([field("a", text, true)]), object([field("a", text)])],
  ["became-required", object([field("a", text)]), object([field("a", text, true)])],
  ["open-variant-added", union(["a"], true), union(["a", "b"], true)],
  ["variant-added-to-closed", union(["a"]), union(["a", "b"])],
  ["variant-removed", union(["a", "b"], true), union(["a"], true)],
  ["open-enum-value-added", values(["a"], true), values(["a", "b"], true)],
  ["enum-value-added-to-closed", values(["a"]), values(["a", "b"])],
  ["enum-value-added-to-closed", values(["a"]), text],
  ["enum-value-removed", values(["a", "b"], true), values(["a"], true)],
  ["bound-tightened", digits, values(["12"])],
  ["value-refused", values(["a"], true), values(["a", "b".repeat(257)], true)],
  ["value-refused", union(["a"], true), union(["a", "b".repeat(257)], true)],
  ...narrower.map(([before, after]): Case => ["bound-tightened", before, after]),
  ...narrower.map(([before, after]): Case => ["bound-loosened", after, before]),
  ["pattern-changed", { ...text, pattern: "^a$" }, { ...text, pattern: "^b$" }],
  ["pattern-changed", { ...text, pattern: "^a$" }, text],
  ["pattern-added", text, { ...text, pattern: "^b$" }],
  ["openness-changed", object([]), object([], true)],
  ["openness-changed", union(["a"], true), union(["a"])],
  ["openness-changed", values(["a"]), values(["a"], true)],
];

describe("[contract.breaking] shapes", () => {
  const cases = [
    ...(["request", "config"] as const).flatMap((role) => written.map((item) => [role, ...item] as const)),
    ...(["response", "event"] as const).flatMap((role) => read.map((item) => [role, ...item] as const)),
  ];
  test.each(cases)("%s-%s", (role, name, before, after) => {
    tested.add(`${role}-${name}`);
    for (const wrap of [
      (shape: Shape) => shape,
      (shape: Shape): Shape => object([field("deep", shape)], true),
    ]) {
      const found = compareRole(role, { shape: wrap(before), types }, { shape: wrap(after), types });
      expect(found.map((change) => change.rule.id)).toEqual([`${role}-${name}`]);
    }
  });
});

describe("[contract.breaking-values] a set and a text", () => {
  const set = values(["", "ab", "12"]);
  const texts: [text: StringShape, refused: string[]][] = [
    [digits, ["", "ab"]],
    [{ ...text, minLength: 1 }, [""]],
    [{ ...text, maxLength: 1 }, ["ab", "12"]],
    [{ ...text, minLength: 2, pattern: "^[a-z]*$" }, ["", "12"]],
    [text, []],
  ];
  const refusals = (role: "request" | "config" | "response" | "event", before: Shape, after: Shape) =>
    compareRole(role, { shape: before, types }, { shape: after, types })
      .filter(({ rule }) => rule.id === `${role}-value-refused`)
      .map(({ where }) => where);
  const at = (role: string, refused: string[]) => refused.map((value) => `${role} "${value}"`);

  test.each(texts)("%j in place of a set breaks the callers whose value it refuses", (shape, refused) => {
    for (const role of ["request", "config"] as const) {
      tested.add(`${role}-value-refused`);
      expect(refusals(role, set, shape)).toEqual(at(role, refused));
      if (refused.includes("ab"))
        expect(refusals(role, { ...text, const: "ab" }, shape)).toEqual(at(role, ["ab"]));
    }
  });

  test.each(texts)("a set in place of %j breaks the readers that refuse its values", (shape, refused) => {
    for (const role of ["response", "event"] as const)
      expect(refusals(role, shape, set)).toEqual(at(role, refused));
  });
});

/** Finds an operation of the copy. */
function operation(copy: Contract, id: string): Operation {
  return copy.operations.find((candidate) => candidate.id === id)!;
}

function shapeOf(copy: Contract, name: string): ObjectShape {
  return copy.types.find((type) => type.name === name)!.shape as ObjectShape;
}

/** Two changes of the contract: from the first to the second the rule must speak; without the second, from today's. */
type Mutation = [rule: string, after: (copy: Contract) => unknown, before?: (copy: Contract) => unknown];

const send = (copy: Contract): Operation => operation(copy, "comms.send");
const create = (copy: Contract): Operation => operation(copy, "system.create_token");
const stream = (copy: Contract): Operation => operation(copy, "comms.stream");
const close = (copy: Contract): Operation => operation(copy, "sessions.close");
const peers = (copy: Contract): Operation => operation(copy, "comms.peers");
const anError = (copy: Contract) => copy.errors.find((error) => error.code === "peer_not_found")!;
const comms = (copy: Contract) => copy.planes.find(({ name }) => name === "comms")!;
const raw = (copy: Contract, id: string) => copy.rawRoutes.find((route) => route.id === id)!;

const mutations: Mutation[] = [
  ["operation-removed", (c) => c.operations.pop()],
  ["operation-added", () => {}, (c) => c.operations.pop()],
  ["root-method-removed", (c) => comms(c).root.pop()],
  ["root-method-added", (c) => comms(c).root.push("stream_close")],
  ["wire-changed", (c) => Object.assign(comms(c), { wire: "http" })],
  ["operation-kind-changed", (c) => Object.assign(send(c), { kind: "stream" })],
  ["operation-body-changed", (c) => Object.assign(send(c), { body: "bytes" })],
  ["operation-error-added", (c) => send(c).errors.push("stream_timeout")],
  ["operation-error-removed", (c) => send(c).errors.shift()],
  ["validation-error-changed", (c) => Object.assign(send(c), { validationError: "invalid_request" })],
  ["rest-removed", (c) => Object.assign(send(c), { rest: null })],
  ["rest-added", () => {}, (c) => Object.assign(send(c), { rest: null })],
  ["rest-method-changed", (c) => Object.assign(send(c).rest!, { method: "PUT" })],
  ["rest-path-changed", (c) => Object.assign(send(c).rest!, { path: "/send" })],
  ["rest-status-changed", (c) => Object.assign(send(c).rest!, { status: 202 })],
  ["rest-field-moved", (c) => Object.assign(stream(c).rest!.queryFields[0]!, { path: ["elsewhere"] })],
  ["rest-field-moved", (c) => Object.assign(stream(c).rest!, { rest: "body" })],
  ["rest-field-moved", (c) => close(c).rest!.pathFields.push("lease_token")],
  ["rest-idempotency-header-removed", (c) => Object.assign(send(c).rest!, { idempotencyHeader: false })],
  ["rest-idempotency-header-added", (c) => Object.assign(create(c).rest!, { idempotencyHeader: true })],
  ["rpc-method-removed", (c) => Object.assign(send(c), { rpc: null })],
  ["rpc-method-added", () => {}, (c) => Object.assign(send(c), { rpc: null })],
  ["rpc-method-renamed", (c) => Object.assign(send(c), { rpc: "comms/post" })],
  ["mcp-tool-removed", (c) => Object.assign(send(c), { mcp: null })],
  ["mcp-tool-added", () => {}, (c) => Object.assign(send(c), { mcp: null })],
  ["mcp-tool-renamed", (c) => Object.assign(send(c).mcp!, { tool: "post" })],
  ["mcp-wrap-changed", (c) => Object.assign(send(c).mcp!, { wrap: null })],
  ["cli-command-removed", (c) => Object.assign(create(c), { cli: null })],
  ["cli-command-added", () => {}, (c) => Object.assign(create(c), { cli: null })],
  ["cli-command-renamed", (c) => Object.assign(create(c).cli!, { command: "token make" })],
  ["cli-arguments-changed", (c) => create(c).cli!.args.pop()],
  ["cli-flag-removed", (c) => create(c).cli!.flags.pop()],
  ["cli-flag-added", () => {}, (c) => create(c).cli!.flags.pop()],
  ["cli-flag-form-changed", (c) => Object.assign(create(c).cli!.flags[0]!, { repeat: false })],
  ["cli-table-changed", (c) => peers(c).cli!.columns.pop()],
  ["scope-changed", (c) => Object.assign(send(c), { scope: "comms:admin" })],
  ["scope-changed", (c) => Object.assign(operation(c, "system.health"), { scope: "system:read" })],
  ["scope-dropped", (c) => Object.assign(send(c), { scope: null })],
  ["idempotency-weakened", (c) => Object.assign(send(c), { idempotency: "none" })],
  ["idempotency-weakened", (c) => Object.assign(peers(c), { idempotency: "keyed" })],
  ["idempotency-strengthened", (c) => Object.assign(create(c), { idempotency: "natural" })],
  ["idempotency-key-moved", (c) => Object.assign(send(c), { idempotencyPath: ["key"] })],
  ["timeout-class-changed", (c) => Object.assign(send(c), { timeout: "wait" })],
  ["stream-changed", (c) => Object.assign(operation(c, "comms.stream").stream!, { cursor: "from" })],
  ["stability-lowered", (c) => Object.assign(send(c), { stability: "experimental" })],
  ["stability-raised", () => {}, (c) => Object.assign(send(c), { stability: "experimental" })],
  ["deprecation-changed", (c) => Object.assign(send(c), { deprecated: "use the other" })],
  ["audit-changed", (c) => Object.assign(send(c), { audit: true })],
  ["event-removed", (c) => c.events.pop()],
  ["event-added", () => {}, (c) => c.events.pop()],
  ["event-method-renamed", (c) => Object.assign(c.events[0]!, { rpc: "comms/other" })],
  ["message-removed", (c) => c.messages.pop()],
  ["message-added", () => {}, (c) => c.messages.pop()],
  ["message-direction-changed", (c) => Object.assign(c.messages[0]!, { direction: "down" })],
  ["message-ack-changed", (c) => Object.assign(c.messages[0]!, { ack: "none" })],
  ["raw-route-removed", (c) => c.rawRoutes.pop()],
  ["raw-route-added", () => {}, (c) => c.rawRoutes.pop()],
  ["raw-path-changed", (c) => Object.assign(raw(c, "system.metrics"), { path: "/stats" })],
  ["raw-path-changed", (c) => raw(c, "system.console").prefixes.pop()],
  ["raw-method-removed", (c) => raw(c, "system.mcp").methods.pop()],
  ["raw-route-widened", (c) => raw(c, "system.metrics").methods.push("HEAD")],
  ["raw-access-tightened", (c) => Object.assign(raw(c, "system.metrics"), { scope: "system:admin" })],
  ["raw-access-tightened", (c) => Object.assign(raw(c, "system.metrics"), { origin_rule: "require" })],
  ["raw-access-tightened", (c) => Object.assign(raw(c, "system.console"), { credentials: ["local"] })],
  ["raw-access-tightened", (c) => raw(c, "system.mcp").credentials.pop()],
  ["raw-upgrade-removed", (c) => Object.assign(raw(c, "system.rpc"), { upgrade: null })],
  ["raw-request-type-removed", (c) => raw(c, "system.mcp").request.pop()],
  ["raw-limit-lowered", (c) => Object.assign(raw(c, "system.sign_in"), { maxBytes: 64 })],
  ["error-code-removed", (c) => c.errors.pop()],
  ["error-code-added", () => {}, (c) => c.errors.pop()],
  ["error-http-changed", (c) => Object.assign(anError(c), { http: 410 })],
  ["error-number-changed", (c) => Object.assign(anError(c), { rpc: -31099 })],
  ["error-exit-changed", (c) => Object.assign(anError(c), { exit: 1 })],
  ["error-retryable-changed", (c) => Object.assign(anError(c), { retryable: true })],
  ["error-category-changed", (c) => Object.assign(anError(c), { category: "gone" })],
  ["error-side-changed", (c) => Object.assign(anError(c), { clientOnly: true })],
  ["type-removed", (c) => renameType(c, "Lease", "NameLease")],
  ["text-changed", (c) => Object.assign(send(c), { summary: "Send." })],
  ["text-changed", (c) => Object.assign(shapeOf(c, "Lease").properties[0]!, { description: "Other words." })],
  ["text-changed", (c) => Object.assign(anError(c), { text: "Other words." })],
];

function renameType(copy: Contract, from: string, to: string): void {
  const renamed = JSON.parse(
    JSON.stringify(copy.types).replaceAll(`"name":"${from}"`, `"name":"${to}"`),
  ) as TypeDef[];
  copy.types = renamed;
}

describe("[contract.breaking] operations, events, routes and errors", () => {
  test.each(mutations)("%s (%#)", (rule, after, before) => {
    tested.add(rule);
    const old = structuredClone(contract);
    before?.(old);
    const now = structuredClone(contract);
    after(now);
    const changes = compareContracts(old, now);
    expect(changes.map((change) => change.rule.id)).toContain(rule);
    const spoken = breakingRules.get(rule)!;
    const others = changes.filter((change) => change.rule.breaking && change.rule.id !== rule);
    // A change that is fine stays fine as a whole; what breaks may break in more than one way.
    if (!spoken.breaking) expect(breakingSentences(others)).toEqual([]);
  });

  test("type-added", () => {
    tested.add("type-added");
    const now = structuredClone(contract);
    now.types.push({ name: "Fresh", module: "x", origin: "x", description: "", shape: text });
    expect(compareContracts(contract, now).map((change) => change.rule.id)).toEqual(["type-added"]);
  });

  test.each([
    [
      "request-became-required",
      "SessionsOpenRequest",
      (shape: ObjectShape) => Object.assign(shape.properties[1]!, { required: true }),
    ],
    ["response-field-removed", "Session", (shape: ObjectShape) => shape.properties.pop()],
    ["event-field-removed", "CommsStreamEvent", (shape: ObjectShape) => shape.properties.pop()],
    ["event-field-removed", "TextDelta", (shape: ObjectShape) => shape.properties.pop()],
    ["request-field-removed", "TextDelta", (shape: ObjectShape) => shape.properties.pop()],
    ["request-field-removed", "CommsEnvelope", (shape: ObjectShape) => shape.properties.pop()],
    ["event-field-removed", "CommsEnvelope", (shape: ObjectShape) => shape.properties.pop()],
  ])("%s reaches %s through the contract", (rule, name, change) => {
    const now = structuredClone(contract);
    change(shapeOf(now, name));
    expect(compareContracts(contract, now).map((found) => found.rule.id)).toContain(rule);
  });

  test("a field that leaves the error payload breaks its readers", () => {
    const now = structuredClone(contract);
    const { shape } = now.errorTypes.find(({ name }) => name === "ErrorPayload")!;
    if (shape.kind === "object")
      shape.properties = shape.properties.filter(({ name }) => name !== "retryable");
    expect(breakingSentences(compareContracts(contract, now)).join()).toContain("ErrorPayload.retryable");
  });

  test("every rule has a mutation", () => {
    expect([...breakingRules.keys()].filter((id) => !tested.has(id))).toEqual([]);
  });

  test("a contract does not differ from itself", () => {
    expect(compareContracts(contract, structuredClone(contract))).toEqual([]);
  });
});

const named = typeMap(contract);
const asked = namesOf(
  contract.operations.map((o) => o.request).concat(contract.messages.map((m) => m.payload)),
);
const answered = namesOf([
  ...contract.operations.map((o) => o.response),
  ...contract.events.map((e) => e.payload),
  ...contract.messages.map((m) => m.payload),
]);

function namesOf(names: string[]): Set<string> {
  return new Set(names.flatMap((name) => reach(named, name)));
}

const onlyAsked = [...asked].filter((name) => !answered.has(name));
const onlyAnswered = [...answered].filter((name) => !asked.has(name));

/** Additions that the design allows, each on the type or list that the number picks. */
const additions: ((copy: Contract, pick: number, serial: number) => void)[] = [
  (copy, pick, serial) => {
    const shapes = onlyAsked.map((name) => shapeOf(copy, name)).filter((shape) => shape.kind === "object");
    shapes[pick % shapes.length]!.properties.push(field(`added_${serial}`, text));
  },
  (copy, pick, serial) => {
    const shapes = onlyAnswered
      .map((name) => shapeOf(copy, name))
      .filter((shape) => shape.kind === "object" && shape.open);
    shapes[pick % shapes.length]!.properties.push(field(`added_${serial}`, text, pick % 2 === 0));
  },
  (copy, pick, serial) => {
    const shapes = onlyAnswered
      .map((name) => copy.types.find((type) => type.name === name)!.shape)
      .filter((shape) => shape.kind === "union" && shape.open) as UnionShape[];
    const name = `Added${serial}`;
    copy.types.push({ name, module: "x", origin: "x", description: "", shape: object([]) });
    shapes[pick % shapes.length]!.variants.push({ tag: `added_${serial}`, type: name });
  },
  (copy, pick, serial) => {
    const shapes = onlyAnswered
      .map((name) => copy.types.find((type) => type.name === name)!.shape)
      .filter((shape) => shape.kind === "string" && shape.enum && shape.open) as StringShape[];
    shapes[pick % shapes.length]!.enum!.push(`added_${serial}`);
  },
  (copy, pick) => {
    const shape = shapeOf(copy, "PeerMessageCommand").properties.find((p) => p.name === "body")!
      .shape as StringShape;
    shape.maxLength += 1 + (pick % 1000);
  },
  (copy, pick, serial) => {
    const source = copy.operations[pick % copy.operations.length]!;
    copy.operations.push({
      ...structuredClone(source),
      id: `system.added_${serial}`,
      verb: `added_${serial}`,
    });
  },
  (copy, pick, serial) => {
    copy.errors.push({ ...copy.errors[pick % copy.errors.length]!, code: `added_${serial}` });
  },
  (copy, pick, serial) => {
    copy.events.push({ ...copy.events[pick % copy.events.length]!, id: `comms.added_${serial}` });
  },
  (copy, pick) => {
    const target = copy.operations[pick % copy.operations.length]!;
    target.summary += " More.";
    target.errors.push("stream_timeout");
  },
];

describe("[contract.breaking] additions", () => {
  const steps = fc.array(fc.tuple(fc.nat(additions.length - 1), fc.nat(10_000)), {
    minLength: 1,
    maxLength: 12,
  });

  test("random additions never break, and taking them back always does", () => {
    fc.assert(
      fc.property(steps, (picks) => {
        const now = structuredClone(contract);
        for (const [serial, [kind, pick]] of picks.entries()) additions[kind]!(now, pick, serial);
        expect(breakingSentences(compareContracts(contract, now))).toEqual([]);
        const lasting = picks.some(([kind]) => kind !== additions.length - 1);
        if (lasting) expect(breakingSentences(compareContracts(now, contract))).not.toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
