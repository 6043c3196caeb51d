import { expect, test } from "vitest";
import { buildUnchecked } from "./load.js";
import type { Json, JsonObject } from "./source.js";
import {
  type Files,
  lintSentences,
  object,
  operation,
  plane,
  tinyContract,
  toSources,
} from "./tiny-contract.js";

/** One breach: `at` is a JSON pointer below the file, `value` what to write there (undefined removes it). */
interface Case {
  rule: string;
  file: string;
  at: string;
  value: Json | undefined;
  /** The sentence without file and pointer; `pointer` differs from `at` where the finding stands elsewhere. */
  says: string;
  pointer?: string;
}

const put = "schemas/comms/put.json";
const watch = "schemas/comms/watch.json";
const types = "schemas/comms/types.json";
const common = "schemas/common/types.json";
const errors = "schemas/errors.json";
const box = "/$defs/Request/properties/box";
const subset = (keyword: string, instead: string): string =>
  `\`${keyword}\` is outside the subset; ${instead}`;
const closedForm = 'write a union as `type: object`, `discriminator: {propertyName: "kind"}` and `oneOf`';

const cases: Case[] = [
  // 1. Unions
  {
    rule: "union-form",
    file: types,
    at: "/$defs/Parcel/discriminator",
    value: undefined,
    pointer: "/$defs/Parcel",
    says: closedForm,
  },
  {
    rule: "union-form",
    file: types,
    at: "/$defs/Parcel/type",
    value: undefined,
    pointer: "/$defs/Parcel",
    says: closedForm,
  },
  {
    rule: "union-form",
    file: types,
    at: "/$defs/Parcel/discriminator/propertyName",
    value: "type",
    pointer: "/$defs/Parcel",
    says: closedForm,
  },
  {
    rule: "any-of",
    file: put,
    at: `${box}/anyOf`,
    value: [{}],
    says: subset("anyOf", "write `oneOf` with a discriminator, or one type"),
  },
  {
    rule: "all-of",
    file: put,
    at: "/$defs/Request/allOf",
    value: [{}],
    says: subset("allOf", "there is no inheritance; write the fields out"),
  },
  {
    rule: "union-arm",
    file: types,
    at: "/$defs/Parcel/oneOf/0",
    value: { type: "object" },
    says: "is not just a `$ref`; give the variant a name in `$defs` and refer to it",
  },
  {
    rule: "union-variant",
    file: types,
    at: "/$defs/Letter/required",
    value: ["text"],
    pointer: "/$defs/Parcel/oneOf/0",
    says: "Letter is no closed object with a required `kind` const; write it so",
  },
  {
    rule: "union-nested",
    file: types,
    at: "/$defs/Parcel/oneOf/1",
    value: { $ref: "#/$defs/Bag" },
    says: "Bag is a union or an alias; list its variants here",
  },
  {
    rule: "union-tags",
    file: types,
    at: "/$defs/Crate/properties/kind/const",
    value: "letter",
    pointer: "/$defs/Parcel/oneOf/1",
    says: 'the kind "letter" occurs twice; rename one',
  },
  {
    rule: "union-mapping",
    file: types,
    at: "/$defs/Parcel/discriminator/mapping",
    value: {},
    pointer: "/$defs/Parcel/discriminator",
    says: "has a `mapping`; remove it, the emitters that need one make it",
  },
  {
    rule: "surface-values",
    file: put,
    at: "/$defs/Response/properties/right/x-surfaces",
    value: { rest: "comms:read", rpc: "comms:write", mcp: "comms:write", cli: "other" },
    says: "needs one value of the named enum for each of rest, rpc, mcp, cli",
  },
  // 2. Closed objects, openness as metadata
  {
    rule: "closed-object",
    file: put,
    at: "/$defs/Request/additionalProperties",
    value: undefined,
    pointer: "/$defs/Request",
    says: "is not closed; write `additionalProperties: false` (openness is `x-open: true`)",
  },
  {
    rule: "open-place",
    file: put,
    at: `${box}/x-open`,
    value: true,
    pointer: box,
    says: "`x-open` is `true` on an object, a union or an enum; remove it here",
  },
  {
    rule: "open-place",
    file: put,
    at: "/$defs/Response/x-open",
    value: false,
    pointer: "/$defs/Response",
    says: "`x-open` is `true` on an object, a union or an enum; remove it here",
  },
  {
    rule: "open-request",
    file: put,
    at: "/$defs/Request/x-open",
    value: true,
    pointer: "/$defs/Request",
    says: "CommsPutRequest is open, but requests use it; give them a closed type, requests are strict",
  },
  // 3. Refused keywords and references
  {
    rule: "tuple",
    file: put,
    at: "/$defs/Request/properties/tags/prefixItems",
    value: [{}],
    says: subset("prefixItems", "there are no tuples; write an object with named fields"),
  },
  ...["if", "then", "else", "dependentRequired", "dependentSchemas"].map((keyword) => ({
    rule: "conditional",
    file: put,
    at: `/$defs/Request/${keyword}`,
    value: {},
    says: subset(keyword, "write a union that discriminates on `kind`"),
  })),
  {
    rule: "map-form",
    file: put,
    at: "/$defs/Request/patternProperties",
    value: {},
    says: subset(
      "patternProperties",
      "write `additionalProperties` with `propertyNames` and `maxProperties`",
    ),
  },
  { rule: "negation", file: put, at: `${box}/not`, value: {}, says: subset("not", "say what is allowed") },
  {
    rule: "unevaluated",
    file: put,
    at: "/$defs/Request/unevaluatedProperties",
    value: false,
    says: subset("unevaluatedProperties", "write `additionalProperties: false`"),
  },
  {
    rule: "dynamic-ref",
    file: put,
    at: `${box}/$dynamicRef`,
    value: "#x",
    says: subset("$dynamicRef", "write `$ref` to a named schema"),
  },
  {
    rule: "keyword",
    file: put,
    at: "/$defs/Request/properties/urgent/title",
    value: "x",
    says: subset("title", 'the form "boolean" has only type, description, default'),
  },
  {
    rule: "ref-remote",
    file: put,
    at: "/$defs/Request/properties/extra/$ref",
    value: "https://example.org/x",
    pointer: "/$defs/Request/properties/extra",
    says: '"https://example.org/x" lies outside the contract; copy the schema into types.json',
  },
  {
    rule: "ref-target",
    file: put,
    at: "/$defs/Request/properties/parcel/$ref",
    value: "types.json#/$defs/Nothing",
    pointer: "/$defs/Request/properties/parcel",
    says: '"types.json#/$defs/Nothing" names nothing; write a path that exists',
  },
  {
    rule: "ref-siblings",
    file: put,
    at: "/$defs/Request/properties/extra/maxLength",
    value: 3,
    says: subset("maxLength", 'the form "ref" has only $ref, description, default, x-surfaces'),
  },
  {
    rule: "recursion",
    file: types,
    at: "/$defs/Letter/properties/inner",
    value: { $ref: "#/$defs/Parcel" },
    pointer: "/$defs/Parcel",
    says: "Parcel contains itself; bound it, or use JsonValue",
  },
  // 4. Formats, patterns, bounds
  {
    rule: "format-pattern",
    file: common,
    at: "/$defs/Uuid/pattern",
    value: undefined,
    pointer: "/$defs/Uuid",
    says: "has a `format` without a `pattern`; write both, readers differ on formats",
  },
  {
    rule: "format-name",
    file: common,
    at: "/$defs/Uuid/format",
    value: "email",
    pointer: "/$defs/Uuid",
    says: 'the format "email" is unknown here; write uuid, date-time or only a pattern',
  },
  {
    rule: "pattern-lookaround",
    file: put,
    at: `${box}/pattern`,
    value: "^(?=a)b$",
    says: "uses look-around, which Rust lacks; say it with classes",
  },
  {
    rule: "pattern-anchored",
    file: put,
    at: `${box}/pattern`,
    value: "[a-z]",
    says: "is not anchored; write `^...$`",
  },
  {
    rule: "pattern-portable",
    file: put,
    at: `${box}/pattern`,
    value: "^\\d$",
    says: 'uses "\\d", which engines read differently; write a class such as [0-9]',
  },
  {
    rule: "integer-bounds",
    file: types,
    at: "/$defs/Crate/properties/weight/maximum",
    value: undefined,
    pointer: "/$defs/Crate/properties/weight",
    says: "needs `minimum` and `maximum` within +-(2^53-1)",
  },
  {
    rule: "integer-bounds",
    file: types,
    at: "/$defs/Crate/properties/weight/maximum",
    value: 2 ** 53,
    pointer: "/$defs/Crate/properties/weight",
    says: "needs `minimum` and `maximum` within +-(2^53-1)",
  },
  {
    rule: "string-max",
    file: put,
    at: `${box}/maxLength`,
    value: undefined,
    pointer: box,
    says: "needs `maxLength`, an integer from 0 to 2^53-1",
  },
  {
    rule: "array-max",
    file: put,
    at: "/$defs/Request/properties/tags/maxItems",
    value: undefined,
    pointer: "/$defs/Request/properties/tags",
    says: "needs `maxItems`, an integer from 0 to 2^53-1",
  },
  {
    rule: "map-form",
    file: common,
    at: "/$defs/Labels/maxProperties",
    value: undefined,
    pointer: "/$defs/Labels",
    says: "needs `propertyNames` (type string, pattern, maxLength, no more) and `maxProperties`",
  },
  {
    rule: "map-form",
    file: common,
    at: "/$defs/Labels/maxProperties",
    value: -1,
    pointer: "/$defs/Labels",
    says: "needs `propertyNames` (type string, pattern, maxLength, no more) and `maxProperties`",
  },
  {
    rule: "map-form",
    file: common,
    at: "/$defs/Labels/propertyNames/minLength",
    value: 1,
    pointer: "/$defs/Labels",
    says: "needs `propertyNames` (type string, pattern, maxLength, no more) and `maxProperties`",
  },
  {
    rule: "bounds-order",
    file: put,
    at: `${box}/minLength`,
    value: 17,
    pointer: box,
    says: "`minLength` is above `maxLength`; swap them",
  },
  {
    rule: "type",
    file: put,
    at: "/$defs/Request/properties/urgent",
    value: { description: "x", type: "number" },
    says: "has no type of the subset; write string, integer, boolean, array or object (bigger or fractional numbers are decimal strings)",
  },
  {
    rule: "enum-values",
    file: types,
    at: "/$defs/Scope/enum",
    value: ["comms:read", "comms:write", "comms:read"],
    pointer: "/$defs/Scope",
    says: "lists no distinct strings; write each value once, as a string",
  },
  {
    rule: "enum-alone",
    file: types,
    at: "/$defs/Scope/pattern",
    value: "^[a-z:]*$",
    pointer: "/$defs/Scope",
    says: "lists its values and narrows them by `pattern`; list what is allowed and no more",
  },
  {
    rule: "enum-alone",
    file: types,
    at: "/$defs/Scope/const",
    value: "comms:read",
    pointer: "/$defs/Scope",
    says: "lists its values and narrows them by `const`; list what is allowed and no more",
  },
  // 5. Optional, nullable, default
  {
    rule: "nullable",
    file: put,
    at: `${box}/type`,
    value: ["string", "null"],
    pointer: box,
    says: "allows null; absent is the only way to say nothing, so leave the field out of `required`",
  },
  {
    rule: "default-optional",
    file: put,
    at: `${box}/default`,
    value: "b",
    pointer: box,
    says: "has a `default` although it is required; take it out of `required`",
  },
  {
    rule: "default-valid",
    file: put,
    at: "/$defs/Request/properties/urgent/default",
    value: "no",
    says: "is not a boolean; write a default that fits",
  },
  {
    rule: "required-list",
    file: put,
    at: "/$defs/Request/required",
    value: ["box", "parcel", "nothing"],
    pointer: "/$defs/Request",
    says: "needs a `required` list of its own fields, each once (empty when none is)",
  },
  // 6. Opaque JSON
  {
    rule: "json-value",
    file: put,
    at: "/$defs/Request/properties/extra",
    value: { description: "Anything." },
    says: "takes any JSON; write `$ref` to JsonValue of common",
  },
  {
    rule: "schema-object",
    file: put,
    at: "/$defs/Request/properties/extra",
    value: true,
    says: "is not a schema object; write one, or `$ref` JsonValue for any JSON",
  },
  // 7. Costly forms
  {
    rule: "unique-items",
    file: put,
    at: "/$defs/Request/properties/tags/uniqueItems",
    value: true,
    says: subset("uniqueItems", "it costs quadratic time; let the handler refuse repeats"),
  },
  {
    rule: "pattern-linear",
    file: put,
    at: `${box}/pattern`,
    value: "^(?:a+)+$",
    says: "repeats a group that repeats inside; write one repeat, or bound it by hand",
  },
  // 8. Names
  {
    rule: "snake-case",
    file: put,
    at: "/$defs/Request/properties/badName",
    value: { description: "x", type: "boolean" },
    says: '"badName" is not snake_case; rename it',
  },
  {
    rule: "kind-name",
    file: types,
    at: "/$defs/Letter/properties/kind/const",
    value: "Letter",
    pointer: "/$defs/Letter/properties/kind",
    says: 'the kind "Letter" is not snake_case; rename it',
  },
  {
    rule: "def-name",
    file: types,
    at: "/$defs/bag",
    value: { description: "x", type: "boolean" },
    says: "is not PascalCase; rename it",
  },
  {
    rule: "unique-name",
    file: types,
    at: "/$defs/Uuid",
    value: { description: "x", type: "boolean" },
    says: "the name Uuid is taken by schemas/common/types.json#/$defs/Uuid; rename one of them",
  },
  {
    rule: "description",
    file: put,
    at: `${box}/description`,
    value: undefined,
    pointer: box,
    says: "has no `description`; write one sentence",
  },
  {
    rule: "description",
    file: types,
    at: "/$defs/Letter/description",
    value: undefined,
    pointer: "/$defs/Letter",
    says: "has no `description`; write one sentence",
  },
  // Blocks
  {
    rule: "meta",
    file: put,
    at: "/operation/summary",
    value: undefined,
    pointer: "/operation",
    says: '"summary" is missing; write it (a surface that is not there is null)',
  },
  {
    rule: "meta",
    file: put,
    at: "/operation/colour",
    value: "red",
    pointer: "/operation",
    says: '"colour" is unknown; remove it or add it to operation.meta.json',
  },
  {
    rule: "meta",
    file: put,
    at: "/operation/kind",
    value: "notification",
    says: "write one of: unary, stream",
  },
  {
    rule: "meta",
    file: put,
    at: "/$defs/Response",
    value: undefined,
    pointer: "/$defs",
    says: '"Response" is missing; write it (a surface that is not there is null)',
  },
  {
    rule: "meta",
    file: errors,
    at: "/errors/0/exit",
    value: 9,
    says: "must be <= 8; see operation.meta.json",
  },
  {
    rule: "file-place",
    file: put,
    at: "/$id",
    value: "comms/get.json",
    says: 'is not where the file lies; write "comms/put.json"',
  },
  {
    rule: "file-place",
    file: put,
    at: "/operation/id",
    value: "comms.get",
    says: 'is not the folder and the file\'s name; write "comms.put"',
  },
  {
    rule: "error-catalogue",
    file: errors,
    at: "/errors/1/code",
    value: "internal",
    pointer: "/errors/1",
    says: "the code internal occurs twice; remove one",
  },
  {
    rule: "error-catalogue",
    file: errors,
    at: "/errors/2/rpc",
    value: -31001,
    pointer: "/errors/2",
    says: "the number -31001 occurs twice; take a free one",
  },
  {
    rule: "error-code",
    file: put,
    at: "/operation/errors",
    value: ["box_lost"],
    says: '"box_lost" is not in errors.json; add it there or remove it',
  },
  {
    rule: "error-code",
    file: put,
    at: "/operation/errors",
    value: ["unreachable"],
    says: '"unreachable" is only raised by clients; remove it',
  },
  {
    rule: "scope",
    file: put,
    at: "/operation/scope",
    value: "comms:admin",
    says: '"comms:admin" is not in the enum Scope; add it there or write one of: comms:read, comms:write',
  },
  {
    rule: "scope",
    file: put,
    at: "/operation/scope",
    value: "boxes:write",
    says: '"boxes" is no plane; write `<plane>:<right>`',
  },
  {
    rule: "rest-path",
    file: put,
    at: "/operation/rest/path",
    value: "/boxes/{crate}",
    says: "{crate} is no required string field of the request; rename it or require the field",
  },
  {
    rule: "rest-path",
    file: put,
    at: "/operation/rest/path",
    value: "/boxes/{tags}",
    says: "{tags} is no required string field of the request; rename it or require the field",
  },
  {
    rule: "rest-method",
    file: watch,
    at: "/operation/rest/method",
    value: "POST",
    says: "is not GET; a stream is read with GET",
  },
  {
    rule: "rest-query",
    file: watch,
    at: "/$defs/Request/properties/text",
    value: { description: "x", type: "boolean" },
    pointer: "/operation/rest",
    says: '"text" is a field of the request and of a variant; rename one',
  },
  {
    rule: "rpc-bytes",
    file: put,
    at: "/operation/body",
    value: "bytes",
    pointer: "/operation/rpc",
    says: "carries bytes, which JSON-RPC cannot; write null",
  },
  {
    rule: "mcp-root",
    file: watch,
    at: "/operation/mcp",
    value: { tool: "watch" },
    says: "is a stream, which a tool cannot be; write null",
  },
  {
    rule: "cli-field",
    file: put,
    at: "/operation/cli/args/0/field",
    value: "crate",
    pointer: "/operation/cli/args/0",
    says: '"crate" is no field of the request; write one of: box, parcel, tags, labels, urgent, extra, idempotency_key',
  },
  {
    rule: "cli-flag",
    file: put,
    at: "/operation/cli/flags/1/flag",
    value: "--tag",
    pointer: "/operation/cli/flags",
    says: "--tag occurs twice; rename one",
  },
  {
    rule: "cli-repeat",
    file: put,
    at: "/operation/cli/flags/0/repeat",
    value: undefined,
    pointer: "/operation/cli/flags/0",
    says: "`repeat` and a list of strings go together; write both or neither",
  },
  {
    rule: "cli-columns",
    file: put,
    at: "/operation/cli/columns",
    value: ["place.colour"],
    says: '"place.colour" is no field of a row; write a path that exists',
  },
  {
    rule: "cli-columns",
    file: put,
    at: "/operation/cli/rows",
    value: "place",
    says: '"place" is no list in the response; name the field that holds the rows',
  },
  {
    rule: "idempotency",
    file: put,
    at: "/$defs/Request/properties/idempotency_key",
    value: undefined,
    pointer: "/operation/idempotency",
    says: "is keyed, but not every form of the request has `idempotency_key` at one place; add it",
  },
  {
    rule: "idempotency",
    file: put,
    at: "/operation/idempotency",
    value: "natural",
    pointer: "/operation/rest/idempotency_header",
    says: "needs `idempotency: keyed`; remove it or write keyed",
  },
  {
    rule: "stream",
    file: watch,
    at: "/operation/stream",
    value: undefined,
    says: "`kind: stream`, `timeout: stream` and a `stream` block go together; write all or none",
  },
  {
    rule: "stream",
    file: watch,
    at: "/operation/stream/event",
    value: "comms.left",
    pointer: "/operation/stream",
    says: '"comms.left" is no event; write its file',
  },
  {
    rule: "stream",
    file: watch,
    at: "/operation/stream/close",
    value: "comms.stop",
    says: '"comms.stop" is no operation; write its file',
  },
  {
    rule: "stream",
    file: watch,
    at: "/operation/stream/resume",
    value: "since",
    says: '"since" is no field of the request; add it',
  },
  {
    rule: "stream",
    file: watch,
    at: "/operation/stream/cursor",
    value: "after",
    pointer: "/operation/stream/position",
    says: "`cursor` and `position` go together; write both or null for both",
  },
  {
    rule: "stream",
    file: watch,
    at: "/operation/stream/source",
    value: "log",
    pointer: "/operation/stream/cursor",
    says: "is null, but a log is read on from a position; name a field of the request",
  },
  {
    rule: "example",
    file: put,
    at: "/operation/example/request/box",
    value: "",
    says: "has not 1 to 16 characters; make the example fit CommsPutRequest",
  },
  {
    rule: "example",
    file: put,
    at: "/operation/example/response/colour",
    value: "red",
    pointer: "/operation/example/response",
    says: 'has the unknown field "colour"; make the example fit CommsPutResponse',
  },
  {
    rule: "example",
    file: put,
    at: "/operation/example/request/parcel/kind",
    value: "bag",
    pointer: "/operation/example/request/parcel",
    says: "has none of the kinds letter, crate; make the example fit CommsPutRequest",
  },
  {
    rule: "unique-binding",
    file: watch,
    at: "/operation/rpc",
    value: "comms/put",
    says: "rpc comms/put is taken by schemas/comms/put.json; rename one",
  },
  {
    rule: "unused",
    file: types,
    at: "/$defs/Lost",
    value: { description: "x", type: "boolean" },
    says: "Lost is used by nothing; remove it",
  },
];

test("[contract.lint] the tiny contract breaks no rule", () => {
  expect(lintSentences(tinyContract())).toEqual([]);
});

test.each(cases.map((one) => [`${one.rule}: ${one.file}#${one.at}`, one] as const))(
  "[contract.lint] %s",
  (_, { rule, file, at, value, says, pointer }) => {
    const files = withHelpers(tinyContract(), rule);
    change(files, file, at, value);
    expect(lintSentences(files)).toEqual([`${file}#${pointer ?? at}: ${says}. [lint/${rule}]`]);
  },
);

test("[contract.lint] a reference into another plane is refused", () => {
  const files = tinyContract();
  files["schemas/sessions/types.json"] = {
    $id: "sessions/types.json",
    $defs: { Post: { description: "x", $ref: "../comms/types.json#/$defs/Letter" } },
  };
  expect(lintSentences(files)).toEqual([
    'schemas/sessions/types.json#/$defs/Post: "../comms/types.json#/$defs/Letter" is another plane\'s; move the schema to common or write it out. [lint/ref-plane]',
  ]);
});

test("[contract.lint] [house.plane-facts] a folder without plane.json is refused", () => {
  const files = tinyContract();
  files["schemas/boxes/types.json"] = { $id: "boxes/types.json", $defs: {} };
  expect(lintSentences(files)).toEqual([
    "schemas/boxes/plane.json#: is missing; write the plane's order, title, text, wire and root methods. [lint/plane-file]",
  ]);
});

test("[house.plane-facts] two planes with one order are refused", () => {
  const files = tinyContract();
  files["schemas/sessions/plane.json"] = plane("sessions", 30);
  expect(lintSentences(files)).toEqual([
    "schemas/sessions/plane.json#/plane/order: the order 30 is taken by schemas/comms/plane.json; take a free one. [lint/plane-order]",
  ]);
});

test("[house.plane-facts] planes are listed by their order, not by their names", () => {
  const files = tinyContract();
  files["schemas/zebra/plane.json"] = plane("zebra", 1);
  expect(buildUnchecked(toSources(files), "0.3.0").planes.map(({ name }) => name)).toEqual([
    "zebra",
    "comms",
  ]);
});

test("[house.plane-facts] plane.json lacks a fact or has one that is unknown", () => {
  const files = tinyContract();
  const { wire: _wire, ...facts } = files["schemas/comms/plane.json"]!.plane as JsonObject;
  files["schemas/comms/plane.json"]!.plane = facts;
  expect(lintSentences(files)).toEqual([
    'schemas/comms/plane.json#/plane: "wire" is missing; write it (a surface that is not there is null). [lint/meta]',
  ]);
  files["schemas/comms/plane.json"] = plane("comms", 30, { wire: "smoke" });
  expect(lintSentences(files)).toEqual([
    "schemas/comms/plane.json#/plane/wire: write one of: rpc, http. [lint/meta]",
  ]);
});

test.each([
  ["post", '"post" is no operation of comms; write its file or remove it'],
  ["comms", '"comms" is no operation of comms; write its file or remove it'],
])("[house.plane-facts] the root method %s is refused", (verb, text) => {
  const files = tinyContract();
  files["schemas/comms/plane.json"] = plane("comms", 30, { root: [verb] });
  expect(lintSentences(files)).toEqual([`schemas/comms/plane.json#/plane/root: ${text}. [lint/root-method]`]);
});

test.each([
  ["close", "the client itself"],
  ["comms", "the plane comms"],
])("[house.plane-facts] the root method %s clashes with what clients have", (verb, owner) => {
  const files = tinyContract();
  files["schemas/comms/plane.json"] = plane("comms", 30, { root: [verb] });
  files[`schemas/comms/${verb}.json`] = operation(verb, {
    example: { request: {}, response: {} },
    request: object({}, []),
    response: object({}, []),
  });
  expect(lintSentences(files)).toEqual([
    `schemas/comms/plane.json#/plane/root: client.${verb} is taken by ${owner}; remove it here. [lint/root-method]`,
  ]);
});

test("[house.headers] a header without its direction is refused", () => {
  const files = tinyContract();
  const header = { name: "Trace", component: "Trace", text: "A trace.", schema: { type: "string" } };
  files["schemas/common/headers.json"] = {
    $schema: "../operation.meta.json",
    $id: "common/headers.json",
    headers: [{ ...header, direction: "request" }],
  };
  expect(lintSentences(files)).toEqual([]);
  expect(buildUnchecked(toSources(files), "0.3.0").headers).toEqual([{ ...header, direction: "request" }]);
  files["schemas/common/headers.json"].headers = [header];
  expect(lintSentences(files)).toEqual([
    'schemas/common/headers.json#/headers/0: "direction" is missing; write it (a surface that is not there is null). [lint/meta]',
  ]);
});

test.each(["import", "del", "from", "match", "type"])("[house.keywords] the verb %s is refused", (verb) => {
  const files = tinyContract();
  files[`schemas/comms/${verb}.json`] = operation(verb, {
    example: { request: {}, response: {} },
    request: object({}, []),
    response: object({}, []),
  });
  expect(lintSentences(files)).toEqual([
    `schemas/comms/${verb}.json#/operation/id: "${verb}" is a keyword of Python, so no method can have the name; rename it, for example "${verb}_comms". [lint/python-keyword]`,
  ]);
});

test("[house.keywords] a reserved word of TypeScript alone is a verb", () => {
  const files = tinyContract();
  for (const verb of ["delete", "new", "switch", "function"])
    files[`schemas/comms/${verb}.json`] = operation(verb, {
      example: { request: {}, response: {} },
      request: object({}, []),
      response: object({}, []),
    });
  expect(lintSentences(files)).toEqual([]);
});

test("[contract.lint] a missing catalogue of errors is named", () => {
  const { [errors]: _removed, ...files } = tinyContract();
  expect(lintSentences(files)).toEqual([
    `${errors}#: is missing; write the list of error codes. [lint/error-catalogue]`,
  ]);
});

const route = {
  id: "comms.pictures",
  summary: "Pictures.",
  method: "POST",
  path: "/pictures",
  scope: null,
  credentials: ["token"],
  errors: [],
  request: ["image/*"],
  response: [],
  audit: false,
  host: "check",
  origin: "check",
};

test.each([
  [
    "raw-upgrade",
    { upgrade: "websocket" },
    "/upgrade: is opened by GET, which is not among the methods; add it",
  ],
  [
    "raw-credentials",
    { scope: "comms:read", credentials: [] },
    "/credentials: is empty, but a scope is needed; name who may call",
  ],
  [
    "raw-credentials",
    { opened_by: "server.open", credentials: [] },
    "/opened_by: opens a route that is open already; remove it",
  ],
  [
    "raw-body",
    { max_bytes: 5, request: [] },
    "/max_bytes: bounds a body that is not read; name its media type in `request`",
  ],
  ["error-code", { errors: ["odd"] }, '/errors: "odd" is not in errors.json; add it there or remove it'],
] as [string, JsonObject, string][])("[house.byte-routes] %s %j", (rule, changed, says) => {
  const path = "schemas/comms/pictures.raw.json";
  const files = tinyContract();
  const raw: JsonObject = route;
  files[path] = { $schema: "../operation.meta.json", $id: "comms/pictures.raw.json", raw };
  expect(lintSentences(files)).toEqual([]);
  files[path] = { ...(files[path] as JsonObject), raw: { ...raw, ...changed } };
  expect(lintSentences(files)).toEqual([`${path}#/raw${says}. [lint/${rule}]`]);
});

/** A nested union needs a union to nest. */
function withHelpers(files: Files, rule: string): Files {
  if (rule !== "union-nested") return files;
  change(files, types, "/$defs/Bag", {
    description: "x",
    type: "object",
    discriminator: { propertyName: "kind" },
    oneOf: [{ $ref: "#/$defs/Letter" }],
  });
  return files;
}

function change(files: Files, file: string, pointer: string, value: Json | undefined): void {
  const parts = pointer.split("/").slice(1);
  const last = parts.pop() ?? "";
  let target: Json | undefined = files[file];
  for (const part of parts) target = (target as JsonObject)[part];
  if (value === undefined) delete (target as JsonObject)[last];
  else (target as JsonObject)[last] = value;
}
