import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadContract } from "../load.js";
import { emitAsyncapi } from "./asyncapi.js";
import { emitBundle } from "./bundle.js";
import { emitMcpTools } from "./mcp-tools.js";
import { emitOpenapi } from "./openapi.js";
import { emitOpenrpc } from "./openrpc.js";

const contract = loadContract(`${import.meta.dirname}/../..`);
// biome-ignore lint/suspicious/noExplicitAny: documents of four standards, looked into here and there.
type Document = any;

const openapi: Document = parse(emitOpenapi(contract)[0]!.text);
const openrpc: Document = JSON.parse(emitOpenrpc(contract)[0]!.text);
const asyncapi: Document = parse(emitAsyncapi(contract)[0]!.text);
const bundle: Document = JSON.parse(emitBundle(contract)[0]!.text);
const tools: Document = JSON.parse(emitMcpTools(contract)[0]!.text);

/** Values of every `$ref` below a value. */
function refsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "$ref" in value && typeof value.$ref === "string" ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(refsIn)];
}

/** Every object below a value, itself included, whatever it is called. */
function objectsIn(value: unknown): Document[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

function pointed(document: unknown, ref: string): unknown {
  const steps = ref.slice(2).split("/");
  return steps.reduce<unknown>(
    (value, step) => (value as Record<string, unknown> | undefined)?.[step],
    document,
  );
}

describe("[contract.documents] the documents hold together", () => {
  test.each([
    ["openapi.yaml", openapi],
    ["openrpc.json", openrpc],
    ["asyncapi.yaml", asyncapi],
    ["contract.schema.json", bundle],
    ["mcp-tools.json", tools],
  ])("%s refers only to what it has, and holds nothing that it does not refer to", (name, document) => {
    const refs = refsIn(document);
    expect(refs.filter((ref) => pointed(document, ref) === undefined)).toEqual([]);
    if (!document.components) return;
    const used = new Set(refs);
    for (const kind of ["schemas", "responses", "parameters", "headers"])
      for (const item of Object.keys(document.components[kind] ?? {}))
        expect(used.has(`#/components/${kind}/${item}`), `${name} ${kind} ${item}`).toBe(true);
  });

  test("the bundle is JSON Schema 2020-12, has every type, and takes every example", () => {
    const ajv = new Ajv2020({ strict: false, discriminator: true, validateFormats: false });
    ajv.addSchema(bundle, "bundle");
    expect(Object.keys(bundle.$defs)).toEqual(
      [...contract.types.map((type) => type.name), "ErrorDetail", "ErrorPayload"].sort(),
    );
    for (const { id, request, response, example } of contract.operations)
      for (const [name, value] of [
        [request, example.request],
        [response, example.response],
      ] as const)
        expect(ajv.validate(`bundle#/$defs/${name}`, value), `${id} ${name} ${ajv.errorsText()}`).toBe(true);
  });

  test("openapi.yaml documents every error of every operation under its status, with the payload", () => {
    for (const operation of contract.operations) {
      if (!operation.rest) continue;
      const { responses } = openapi.paths[operation.rest.path][operation.rest.method.toLowerCase()];
      for (const error of contract.errors.filter(({ code }) => operation.errors.includes(code))) {
        const response = pointed(openapi, responses[error.http].$ref) as Document;
        expect(response["x-codes"], `${operation.id} ${error.code}`).toContain(error.code);
        expect(response.content["application/json"].schema).toEqual({
          $ref: "#/components/schemas/ErrorPayload",
        });
      }
    }
  });

  test("openapi.yaml needs credentials exactly where the contract does", () => {
    for (const { id, rest, scope } of contract.operations) {
      if (!rest) continue;
      const { security } = openapi.paths[rest.path][rest.method.toLowerCase()];
      expect(security, id).toEqual(
        scope === null ? [] : [{ bearer: [scope] }, { cookie: [scope], page_key: [scope] }],
      );
    }
  });

  test("openapi.yaml gives every union a discriminator with its mapping", () => {
    for (const [name, schema] of Object.entries<Document>(openapi.components.schemas)) {
      if (!schema.oneOf) continue;
      const mapped = Object.values(schema.discriminator.mapping);
      expect(mapped, name).toEqual(schema.oneOf.map((arm: { $ref: string }) => arm.$ref));
    }
  });

  test("openrpc.json names params that the request has, and its numbers are the errors'", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const method of openrpc.methods) {
      const names = method.params.map((param: { name: string }) => param.name);
      expect(new Set(names).size, method.name).toBe(names.length);
      const schema = { ...method["x-params-schema"], components: openrpc.components };
      const params = method.examples[0].params.map(({ name, value }: { name: string; value: unknown }) => [
        name,
        value,
      ]);
      expect(ajv.validate(schema, Object.fromEntries(params)), `${method.name} ${ajv.errorsText()}`).toBe(
        true,
      );
    }
    const send = openrpc.methods.find(({ name }: { name: string }) => name === "comms/send");
    expect(
      send.params
        .filter(({ required }: { required: boolean }) => required)
        .map(({ name }: { name: string }) => name),
    ).toEqual(["kind"]);
    for (const error of contract.errors.filter(({ clientOnly }) => !clientOnly))
      expect(openrpc.components.errors[error.code].code).toBe(error.rpc);
  });

  test("asyncapi.yaml has a message per event and the frames of every stream", () => {
    expect(Object.keys(asyncapi.channels.rpc.messages)).toEqual(contract.events.map(({ id }) => id));
    for (const { id, stream } of contract.operations)
      if (stream)
        expect(Object.keys(asyncapi.channels[id].messages)).toEqual([
          `${id}.opened`,
          `${id}.event`,
          `${id}.closed`,
        ]);
  });

  test("mcp-tools.json has plain objects at the root, without references or combinators", () => {
    for (const { name, inputSchema, outputSchema } of tools.tools)
      for (const schema of [inputSchema, outputSchema]) {
        expect(schema.type, name).toBe("object");
        expect(
          Object.keys(schema).filter((key) => ["oneOf", "anyOf", "allOf", "$ref", "not"].includes(key)),
        ).toEqual([]);
      }
    expect(refsIn(tools)).toEqual([]);
  });
});

describe("[contract.generator-types] openapi.yaml has types that generated clients can hold", () => {
  const schemas = objectsIn({ ...openapi, examples: undefined });

  test("every integer has the width that its bounds need", () => {
    const integers = schemas.filter(({ type }) => type === "integer");
    expect(integers.length).toBeGreaterThan(20);
    for (const integer of integers) {
      const small = integer.minimum >= -2_147_483_648 && integer.maximum <= 2_147_483_647;
      expect(integer.format, JSON.stringify(integer)).toBe(small ? "int32" : "int64");
    }
    expect(new Set(integers.map(({ format }) => format))).toEqual(new Set(["int32", "int64"]));
  });

  test("a date-time has no pattern, which other documents and the validators keep", () => {
    const dated = schemas.filter(({ format }) => format === "date-time");
    expect(dated).not.toEqual([]);
    for (const schema of dated) expect(schema).not.toHaveProperty("pattern");
    expect(bundle.$defs.Timestamp.pattern).toBeTypeOf("string");
    expect(openrpc.components.schemas.Timestamp.pattern).toBeTypeOf("string");
    expect(asyncapi.components.schemas.Timestamp.pattern).toBeTypeOf("string");
  });

  test("an open enum is text that lists its known values; a closed one keeps `enum`", () => {
    const named = contract.types.filter(({ shape }) => shape.kind === "string" && shape.enum);
    const shown = named.filter(({ name }) => openapi.components.schemas[name]);
    expect(shown.length).toBeGreaterThan(5);
    for (const { name, shape } of shown) {
      const { description: _, ...schema } = openapi.components.schemas[name];
      const { enum: values, open } = shape as { enum: string[]; open?: boolean };
      const form = open ? { type: "string", "x-extensible-enum": values } : { type: "string", enum: values };
      expect(schema, name).toEqual(form);
    }
    const choices = schemas.filter(({ anyOf }) => anyOf?.some(({ enum: values }: Document) => values));
    expect(choices).toEqual([]);
  });
});
