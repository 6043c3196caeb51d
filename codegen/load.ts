import { readFileSync } from "node:fs";
import { join } from "node:path";
import { idempotencyPathOf, toCli, toMcp, toRest } from "./bindings.js";
import { digestOf } from "./canonical.js";
import type {
  Contract,
  ErrorDef,
  EventDef,
  HeaderDef,
  MessageDef,
  Operation,
  Plane,
  RawRoute,
  TypeDef,
} from "./contract.js";
import { assertClean, lintContract, lintFiles } from "./lint.js";
import { collectDefinitions, type Definition, type Definitions } from "./refs.js";
import { toShape } from "./shape.js";
import { compareText, type JsonObject, readSources, type SchemaFile } from "./source.js";

/** How to read the sources. */
export interface LoadOptions {
  /** Permutes the reading order of the files; the contract must not depend on it. */
  order?: (paths: string[]) => string[];
}

/** Reads, checks and flattens the contract below `root`. Throws with every finding of the linter. */
export function loadContract(root: string, options: LoadOptions = {}): Contract {
  const version = JSON.parse(readFileSync(join(root, "contract-version.json"), "utf8")) as {
    contract: string;
  };
  return buildContract(readSources(root, options.order), version.contract);
}

/** Builds the contract of parsed files; throws with every finding of the linter. */
function buildContract(files: SchemaFile[], version: string): Contract {
  assertClean(lintFiles(files));
  const contract = buildUnchecked(files, version);
  assertClean(lintContract(contract));
  return contract;
}

/** Builds the contract of files that the rules for files let through; what they mean is not checked. */
export function buildUnchecked(files: SchemaFile[], version: string): Contract {
  const definitions = collectDefinitions(files);
  const all = [...definitions.values()];
  const typesOf = (belongs: (definition: Definition) => boolean): TypeDef[] =>
    all
      .filter(belongs)
      .map((definition) => toTypeDef(definitions, definition))
      .sort((a, b) => compareText(a.name, b.name));
  const errors = blocks(files, "errors").flatMap(([file]) => (file.json.errors as JsonObject[]).map(toError));
  const contract: Contract = {
    version,
    digest: "",
    planes: blocks(files, "plane").map(([file, block]) => toPlane(file, block)),
    types: typesOf(({ file }) => file.path !== errorFile),
    errorTypes: typesOf(({ file }) => file.path === errorFile).map((type) => withCodes(type, errors)),
    operations: blocks(files, "operation").map(([file, block]) => toOperation(definitions, file, block)),
    events: blocks(files, "event").map(([file, block]) => toEvent(definitions, file, block)),
    messages: blocks(files, "message").map(([file, block]) => toMessage(definitions, file, block)),
    rawRoutes: blocks(files, "raw").map(([file, block]) => toRawRoute(file, block)),
    errors,
    headers: files
      .filter(({ kind }) => kind === "headers")
      .flatMap(({ json }) => json.headers as unknown as HeaderDef[]),
  };
  return { ...contract, digest: digestOf(contract) };
}

/** The file of the error payload. */
const errorFile = "schemas/common/error.json";

/** The payload's `code` is one of the codes that a daemon gives; `errors.json` alone lists them. */
function withCodes(type: TypeDef, errors: ErrorDef[]): TypeDef {
  const codes = errors.filter(({ clientOnly }) => !clientOnly).map(({ code }) => code);
  const { shape } = type;
  if (type.name !== "ErrorPayload" || shape.kind !== "object") return type;
  const properties = shape.properties.map((property) =>
    property.name === "code" && property.shape.kind === "string"
      ? { ...property, shape: { ...property.shape, enum: codes, open: true } }
      : property,
  );
  return { ...type, shape: { ...shape, properties } };
}

/** The blocks of one kind, by the order of their planes and then by path. */
function blocks(files: SchemaFile[], kind: SchemaFile["kind"]): [SchemaFile, JsonObject][] {
  const planes = files.filter((file) => file.kind === "plane");
  const orders = new Map(
    planes.map(({ folder, json }) => [folder, Number((json.plane as JsonObject).order)]),
  );
  const orderOf = ({ folder }: SchemaFile): number => orders.get(folder) ?? 0;
  return files
    .filter((file) => file.kind === kind)
    .map((file) => [file, file.json[kind] as JsonObject] as [SchemaFile, JsonObject])
    .sort(([a], [b]) => orderOf(a) - orderOf(b) || compareText(a.path, b.path));
}

function definitionOf(definitions: Definitions, file: SchemaFile, key: string): Definition {
  const found = definitions.get(`${file.path}#/$defs/${key}`);
  if (found === undefined) throw new Error(`${file.path}: "$defs.${key}" is missing; write it.`);
  return found;
}

function toPlane(file: SchemaFile, block: JsonObject): Plane {
  return {
    name: file.folder,
    origin: file.path,
    title: String(block.title),
    text: String(block.text),
    wire: block.wire as Plane["wire"],
    root: [...(block.root as string[])].sort(compareText),
  };
}

function toTypeDef(definitions: Definitions, { name, file, origin, schema }: Definition): TypeDef {
  return {
    name,
    module: file.stem === "agent-event" ? "agent-event" : file.folder,
    origin,
    description: typeof schema.description === "string" ? schema.description : "",
    shape: toShape(definitions, file, schema),
  };
}

function toOperation(definitions: Definitions, file: SchemaFile, block: JsonObject): Operation {
  const request = definitionOf(definitions, file, "Request");
  const errors = [...(block.errors as string[])].sort(compareText);
  const keyed = block.idempotency === "keyed";
  return {
    id: String(block.id),
    plane: file.folder,
    verb: file.stem,
    origin: file.path,
    summary: String(block.summary),
    kind: block.kind as Operation["kind"],
    idempotency: block.idempotency as Operation["idempotency"],
    idempotencyPath: keyed ? idempotencyPathOf(definitions, request) : null,
    timeout: block.timeout as Operation["timeout"],
    scope: block.scope as string | null,
    errors,
    validationError: errors.includes("invalid_command") ? "invalid_command" : "invalid_request",
    request: request.name,
    response: definitionOf(definitions, file, "Response").name,
    rest: block.rest === null ? null : toRest(definitions, request, block.rest as JsonObject),
    rpc: block.rpc as string | null,
    mcp: block.mcp === null ? null : toMcp(block.mcp as JsonObject, String(block.summary)),
    cli: block.cli === null ? null : toCli(block.cli as JsonObject),
    stream: block.stream === undefined ? null : (block.stream as unknown as Operation["stream"]),
    body: block.body as Operation["body"],
    audit: block.audit === true,
    since: String(block.since),
    deprecated: block.deprecated as string | null,
    stability: block.stability as Operation["stability"],
    example: block.example as unknown as Operation["example"],
  };
}

function toEvent(definitions: Definitions, file: SchemaFile, block: JsonObject): EventDef {
  return {
    id: String(block.id),
    plane: file.folder,
    origin: file.path,
    summary: String(block.summary),
    rpc: String(block.rpc),
    payload: definitionOf(definitions, file, "Event").name,
    since: String(block.since),
    stability: block.stability as EventDef["stability"],
  };
}

function toMessage(definitions: Definitions, file: SchemaFile, block: JsonObject): MessageDef {
  return {
    id: String(block.id),
    plane: file.folder,
    origin: file.path,
    summary: String(block.summary),
    direction: String(block.direction),
    ack: String(block.ack),
    payload: definitionOf(definitions, file, "Message").name,
    since: String(block.since),
    stability: block.stability as MessageDef["stability"],
  };
}

function toRawRoute(file: SchemaFile, block: JsonObject): RawRoute {
  return {
    id: String(block.id),
    plane: file.folder,
    origin: file.path,
    summary: String(block.summary),
    methods: (block.methods as string[] | undefined) ?? [String(block.method)],
    path: String(block.path),
    prefixes: (block.prefix as string[] | undefined) ?? [],
    scope: block.scope as string | null,
    upgrade: (block.upgrade as "websocket" | undefined) ?? null,
    credentials: block.credentials as string[],
    openedBy: (block.opened_by as string | undefined) ?? null,
    errors: block.errors as string[],
    request: block.request as string[],
    response: block.response as string[],
    maxBytes: (block.max_bytes as number | undefined) ?? null,
    audit: block.audit === true,
    host: "check",
    origin_rule: block.origin as RawRoute["origin_rule"],
  };
}

function toError(error: JsonObject): ErrorDef {
  return {
    code: String(error.code),
    category: String(error.category),
    http: Number(error.http),
    rpc: Number(error.rpc),
    exit: Number(error.exit),
    retryable: error.retryable === true,
    text: String(error.text),
    clientOnly: error.client_only === true,
  };
}
