import type { Contract } from "./contract.js";
import { formatFinding, lintContract, lintFiles } from "./lint.js";
import { buildUnchecked } from "./load.js";
import { type JsonObject, parseSource, type SchemaFile } from "./source.js";

/** Files of a contract by path: small enough to read, with every form that the rules know. For tests. */
export type Files = Record<string, JsonObject>;

/** A schema with its words. */
export const field = (description: string, schema: JsonObject): JsonObject => ({ description, ...schema });
/** A closed object. */
export const object = (properties: JsonObject, required: string[], more: JsonObject = {}): JsonObject => ({
  description: "An object.",
  type: "object",
  additionalProperties: false,
  properties,
  required,
  ...more,
});
/** A closed object with a `kind`. */
export const variant = (kind: string, properties: JsonObject, required: string[]): JsonObject =>
  object({ kind: field("Which variant this is.", { type: "string", const: kind }), ...properties }, [
    "kind",
    ...required,
  ]);

/** A new copy of a contract that breaks no rule. */
export function tinyContract(): Files {
  return {
    "schemas/errors.json": {
      errors: [
        {
          code: "internal",
          category: "internal",
          http: 500,
          rpc: -32603,
          exit: 1,
          retryable: false,
          text: "It failed.",
        },
        {
          code: "box_full",
          category: "limit",
          http: 429,
          rpc: -31001,
          exit: 6,
          retryable: true,
          text: "It is full.",
        },
        {
          code: "unreachable",
          category: "unavailable",
          http: 503,
          rpc: -31002,
          exit: 7,
          retryable: true,
          text: "Nobody answers.",
          client_only: true,
        },
      ],
    },
    "schemas/common/types.json": {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "common/types.json",
      $defs: {
        JsonValue: { description: "Any JSON." },
        Uuid: {
          description: "An id.",
          type: "string",
          format: "uuid",
          pattern: "^[0-9a-f-]{36}$",
          maxLength: 36,
        },
        Labels: {
          description: "Pairs.",
          type: "object",
          additionalProperties: { type: "string", maxLength: 8 },
          propertyNames: { type: "string", pattern: "^[a-z]{1,8}$", maxLength: 8 },
          maxProperties: 4,
        },
      },
    },
    "schemas/comms/plane.json": plane("comms", 30, { root: ["put"] }),
    "schemas/comms/types.json": {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "comms/types.json",
      $defs: {
        Parcel: {
          description: "What is sent.",
          type: "object",
          discriminator: { propertyName: "kind" },
          oneOf: [{ $ref: "#/$defs/Letter" }, { $ref: "#/$defs/Crate" }],
        },
        Letter: variant("letter", { text: field("Its text.", { type: "string", maxLength: 64 }) }, ["text"]),
        Crate: variant("crate", { weight: field("Grams.", { type: "integer", minimum: 0, maximum: 1000 }) }, [
          "weight",
        ]),
        Scope: field("A right.", { type: "string", enum: ["comms:read", "comms:write"], "x-open": true }),
      },
    },
    "schemas/comms/put.json": operation("put", {
      idempotency: "keyed",
      scope: "comms:write",
      errors: ["box_full"],
      rest: { method: "POST", path: "/boxes/{box}/put", status: 201, idempotency_header: true },
      mcp: { tool: "put", description: "Put a parcel into a box." },
      cli: {
        command: "box put",
        args: [{ field: "box" }],
        flags: [
          { field: "tags", flag: "--tag", repeat: true },
          { field: "parcel", flag: "--parcel" },
        ],
        columns: ["parcel_id", "place.shelf"],
      },
      example: {
        request: { box: "b", parcel: { kind: "letter", text: "hi" } },
        response: { parcel_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f", place: { shelf: 1 } },
      },
      request: object(
        {
          box: field("Which box.", { type: "string", maxLength: 16, minLength: 1 }),
          parcel: { $ref: "types.json#/$defs/Parcel" },
          tags: field("Marks.", { type: "array", items: { type: "string", maxLength: 8 }, maxItems: 4 }),
          labels: { $ref: "../common/types.json#/$defs/Labels" },
          urgent: field("First in line.", { type: "boolean", default: false }),
          extra: { $ref: "../common/types.json#/$defs/JsonValue" },
          idempotency_key: field("Makes a repeat safe.", { type: "string", maxLength: 32 }),
        },
        ["box", "parcel"],
      ),
      response: object(
        {
          parcel_id: { $ref: "../common/types.json#/$defs/Uuid", description: "Its id." },
          place: object({ shelf: field("Shelf.", { type: "integer", minimum: 0, maximum: 9 }) }, ["shelf"]),
          right: { $ref: "types.json#/$defs/Scope" },
        },
        ["parcel_id", "place"],
        { "x-open": true },
      ),
    }),
    "schemas/comms/watch.json": operation("watch", {
      kind: "stream",
      idempotency: "natural",
      timeout: "stream",
      scope: "comms:read",
      errors: [],
      rest: { method: "GET", path: "/watch", status: 200 },
      stream: {
        source: "bucket",
        event: "comms.arrived",
        closed: "comms.ended",
        close: "comms.unwatch",
        cursor: null,
        position: null,
        resume: null,
        follow: null,
        terminal: null,
      },
      example: { request: { what: { kind: "letter", text: "x" } }, response: { watch_id: "w" } },
      request: object(
        {
          what: { $ref: "types.json#/$defs/Parcel" },
          after: field("Where to start.", { type: "integer", minimum: 0, maximum: 99 }),
        },
        ["what"],
      ),
      response: object({ watch_id: field("Its id.", { type: "string", maxLength: 8 }) }, ["watch_id"]),
    }),
    "schemas/comms/unwatch.json": operation("unwatch", {
      idempotency: "natural",
      scope: "comms:read",
      errors: [],
      rest: null,
      example: { request: { watch_id: "w" }, response: {} },
      request: object({ watch_id: field("Its id.", { type: "string", maxLength: 8 }) }, ["watch_id"]),
      response: object({}, []),
    }),
    "schemas/comms/arrived.event.json": event(
      "arrived",
      object({ parcel: { $ref: "types.json#/$defs/Parcel" } }, ["parcel"]),
    ),
    "schemas/comms/ended.event.json": event("ended", object({}, [], { "x-open": true })),
  };
}

/** A plane's own file; the block's fields override. */
export function plane(name: string, order: number, block: JsonObject = {}): JsonObject {
  return {
    $schema: "../operation.meta.json",
    $id: `${name}/plane.json`,
    plane: { order, title: "A plane", text: "What it is about.", wire: "rpc", root: [], ...block },
  };
}

/** A unary operation of the comms plane on every surface's `null`; the block's fields override. */
export function operation(verb: string, { request, response, ...block }: JsonObject): JsonObject {
  return {
    $schema: "../operation.meta.json",
    $id: `comms/${verb}.json`,
    operation: {
      id: `comms.${verb}`,
      summary: "Do it.",
      kind: "unary",
      idempotency: "natural",
      timeout: "short",
      scope: null,
      errors: [],
      rest: null,
      rpc: `comms/${verb}`,
      mcp: null,
      cli: null,
      body: "json",
      audit: false,
      since: "0.3.0",
      deprecated: null,
      stability: "stable",
      ...block,
    },
    $defs: { Request: request ?? null, Response: response ?? null },
  };
}

function event(name: string, payload: JsonObject): JsonObject {
  return {
    $schema: "../operation.meta.json",
    $id: `comms/${name}.event.json`,
    event: {
      id: `comms.${name}`,
      rpc: `comms/${name}`,
      summary: "It happened.",
      since: "0.3.0",
      stability: "stable",
    },
    $defs: { Event: payload },
  };
}

/** The files as the loader would read them. */
export function toSources(files: Files): SchemaFile[] {
  return Object.entries(files)
    .map(([path, json]) => parseSource(path, JSON.stringify(json)))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Every finding as its sentence. */
export function lintSentences(files: Files): string[] {
  const sources = toSources(files);
  const findings = lintFiles(sources);
  return (findings.length > 0 ? findings : lintContract(buildUnchecked(sources, "0.3.0"))).map(formatFinding);
}

/** The tiny contract, built. */
export function buildTiny(): Contract {
  return buildUnchecked(toSources(tinyContract()), "0.3.0");
}
