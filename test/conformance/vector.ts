import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { OperationId } from "../../src/generated/operations.js";
import type { ErrorShape } from "./surface.js";

/** One promise about one operation, as data: `test/vectors/<plane>/<verb>/*.json`. */
export interface Vector {
  name: string;
  operation: OperationId;
  /** Acting session; default is the caller's own. */
  session?: string;
  /** A secret to call with in place of the one that may do everything. */
  token?: string;
  /** Calls that bring the daemon into the state that the vector starts from. */
  setup?: SetupCall[];
  request: unknown;
  expect: Expectation;
  /** What holds afterwards, asked in another way than the surface under test. */
  then?: (AskAfter | InboxAfter | ReadAfter)[];
}

export type Expectation = { response: unknown } | { error: Pick<ErrorShape, "code"> & Partial<ErrorShape> };

export interface SetupCall {
  operation: OperationId;
  request: unknown;
  /** How often, when more than once. */
  times?: number;
  /** Act as this session. */
  as?: string;
  /** Act as the surface under test does: needed where the caller's identity matters. */
  as_caller?: boolean;
  /** Variable name -> dotted path in the response. */
  save?: Record<string, string>;
}

export interface AskAfter {
  operation: OperationId;
  request: unknown;
  as?: string;
  expect: Expectation;
}

/** What waits in the inbox of `{{bob}}` by then. */
export interface InboxAfter {
  inbox: unknown[];
}

/** The events of a scope that there are by then. */
export interface ReadAfter {
  read: unknown;
  events: unknown[];
}

/** What vectors share: setups by name, for `given`, and values by name, for `{"$like": name, ...changes}`. */
interface Shared {
  given: Record<string, SetupCall[]>;
  like: Record<string, Record<string, unknown>>;
}

const folder = fileURLToPath(new URL("../vectors/", import.meta.url));
const sharedFile = "shared.json";
/** Folders beside the vectors whose files have another form. */
const otherForms = ["agreement/", "discovery/", "sse/", "unknown-variants/"];

/** All vectors, in file order. */
export function loadVectors(): Vector[] {
  const shared = JSON.parse(readFileSync(folder + sharedFile, "utf8")) as Shared;
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json") && path !== sharedFile)
    .filter((path) => !otherForms.some((form) => path.startsWith(form)))
    .sort()
    .flatMap((path) => JSON.parse(readFileSync(folder + path, "utf8")) as (Vector & { given?: string[] })[])
    .map(({ given = [], setup = [], ...vector }) => ({
      ...(spelledOut(vector, shared.like) as Vector),
      setup: [...given.flatMap((name) => setupNamed(name, shared)), ...setup],
    }));
}

function setupNamed(name: string, { given }: Shared): SetupCall[] {
  const calls = given[name];
  if (calls === undefined) throw new Error(`${sharedFile} has no setup named ${name}`);
  return calls;
}

/** `value` with each `$like` replaced by what it names, under the fields beside it. */
function spelledOut(value: unknown, like: Shared["like"]): unknown {
  if (Array.isArray(value)) return value.map((item) => spelledOut(item, like));
  if (value === null || typeof value !== "object") return value;
  const { $like: name, ...changes } = value as Record<string, unknown>;
  const changed = Object.entries(changes).map(([key, inner]) => [key, spelledOut(inner, like)] as const);
  if (name === undefined) return Object.fromEntries(changed);
  const model = like[name as string];
  if (model === undefined) throw new Error(`${sharedFile} has nothing named ${String(name)}`);
  return Object.fromEntries([...Object.entries(model), ...changed]);
}

/** Variables of one run of one vector: names unique to it, and what its setup saved. */
export class Variables {
  readonly #values: Record<string, string>;

  /** `caller` is whose calls the surface under test makes; setups call as the tester, unless they say otherwise. */
  constructor(unique: string, caller: string) {
    const names = { bob: `bob-${unique}`, eve: `eve-${unique}` };
    this.#values = { unique, caller, sender: "user-tester", ...names };
  }

  save(paths: Record<string, string>, response: unknown): void {
    for (const [name, path] of Object.entries(paths)) {
      const value = path.split(".").reduce((inner, key) => (inner as Record<string, unknown>)[key], response);
      this.#values[name] = String(value);
    }
  }

  /** `value` with `{{name}}` filled in and the generated values that JSON cannot hold comfortably expanded. */
  fill(value: unknown): unknown {
    if (typeof value === "string") return this.#fillText(value);
    if (Array.isArray(value)) return value.map((item) => this.fill(item));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.fill(inner)]));
  }

  #fillText(text: string): unknown {
    const repeat = /^<repeat:(.):(\d+)>$/.exec(text);
    if (repeat !== null) return repeat[1]!.repeat(Number(repeat[2]));
    const deep = /^<deep:(\d+)>$/.exec(text);
    if (deep !== null) return JSON.parse("[".repeat(Number(deep[1])) + "]".repeat(Number(deep[1])));
    if (text === "<proto>") return JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    if (text === "<proto-field>")
      return JSON.parse('{"kind": "peer_message", "to": "bob", "body": "hi", "__proto__": {"to": "eve"}}');
    return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const found = this.#values[name];
      if (found === undefined) throw new Error(`the vector uses {{${name}}}, which nothing saved`);
      return found;
    });
  }
}

const matchers: Record<string, (value: unknown) => boolean> = {
  "<uuid>": (value) =>
    typeof value === "string" &&
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(value),
  "<timestamp>": (value) =>
    typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  "<int>": (value) => Number.isSafeInteger(value),
  "<string>": (value) => typeof value === "string" && value !== "",
  "<delivered>": (value) =>
    difference({ state: "delivered", at: "<timestamp>", attempt: 1, expires_at: "<timestamp>" }, value) ===
    undefined,
  "<boolean>": (value) => typeof value === "boolean",
  "<array>": (value) => Array.isArray(value),
};

/**
 * Where `actual` differs from `expected`, in words; undefined when it fits. Objects have exactly the expected fields;
 * `{"<entry>": {...}}` is the entry of that name in a list that others add to.
 */
export function difference(expected: unknown, actual: unknown, path = ""): string | undefined {
  if (typeof expected === "string") {
    const contains = /^<contains:(.*)>$/.exec(expected);
    if (contains !== null) {
      const names = Array.isArray(actual) ? actual.map((item) => item.name) : [];
      return names.includes(contains[1])
        ? undefined
        : `${path}: no entry named ${contains[1]} among ${names.join(", ")}`;
    }
    const without = /^<without:(.*)>$/.exec(expected);
    if (without !== null) {
      const names = Array.isArray(actual) ? actual.map((item) => item.name) : [];
      return names.includes(without[1]) ? `${path}: has an entry named ${without[1]}` : undefined;
    }
    const matcher = matchers[expected];
    if (matcher !== undefined)
      return matcher(actual) ? undefined : `${path}: ${JSON.stringify(actual)} is not ${expected}`;
  }
  if (expected === null || typeof expected !== "object") {
    return Object.is(expected, actual)
      ? undefined
      : `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
  }
  if (
    actual === null ||
    typeof actual !== "object" ||
    (Array.isArray(expected) || "<entry>" in expected) !== Array.isArray(actual)
  ) {
    return `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
  }
  const wanted = Object.keys(expected).sort();
  if (wanted.join() === "<entry>") {
    const entry = (expected as { "<entry>": { name: string } })["<entry>"];
    const item = (actual as { name: string }[]).find(({ name }) => name === entry.name);
    return difference(entry, item, `${path}.${entry.name}`);
  }
  const found = Object.keys(actual).sort();
  if (wanted.join() !== found.join())
    return `${path}: expected the fields ${wanted.join(", ")}, got ${found.join(", ")}`;
  for (const key of wanted) {
    const inner = difference(
      (expected as Record<string, unknown>)[key],
      (actual as Record<string, unknown>)[key],
      `${path}.${key}`,
    );
    if (inner !== undefined) return inner;
  }
  return undefined;
}
