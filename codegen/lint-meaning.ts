import { checkValue } from "./check-value.js";
import type { Contract, ErrorDef, Operation, Property, RawRoute, Shape, TypeDef } from "./contract.js";
import type { Finding } from "./lint.js";
import { reach, requestFields, resolveShape, typeMap } from "./lower.js";
import { pythonKeywords, pythonSoftKeywords } from "./names.js";

type Types = ReadonlyMap<string, TypeDef>;
type Say = (rule: string, pointer: string, text: string) => void;

/** Checks what refers to something else in the contract: codes, scopes, fields, events, examples, defaults. */
export function lintMeaning(contract: Contract): Finding[] {
  const findings: Finding[] = [];
  const types = typeMap(contract);
  for (const operation of contract.operations) {
    const say: Say = (rule, pointer, text) =>
      findings.push({ rule, file: operation.origin, pointer: `/operation${pointer}`, text });
    lintErrors(operation, contract.errors, say);
    lintScope(operation.scope, contract, types, say);
    lintRest(operation, types, say);
    lintRpc(operation, say);
    lintMcp(operation, types, say);
    lintCli(operation, types, say);
    lintIdempotency(operation, say);
    lintStream(operation, contract, types, say);
    lintExample(operation, types, say);
  }
  for (const route of contract.rawRoutes) {
    const say: Say = (rule, pointer, text) =>
      findings.push({ rule, file: route.origin, pointer: `/raw${pointer}`, text });
    lintErrors(route, contract.errors, say);
    lintScope(route.scope, contract, types, say);
    lintRaw(route, say);
  }
  return [
    ...findings,
    ...lintRoots(contract),
    ...lintVerbs(contract),
    ...lintUnique(contract),
    ...lintTypes(contract, types),
  ];
}

/** What every client has on itself by hand, in the spelling of either SDK. */
const clientMembers: ReadonlySet<string> = new Set([
  "call",
  "close",
  "constructor",
  "exchange_mcp",
  "hold_session",
  "host",
  "send_and_stream",
]);

/** A root method is an operation of its plane, and no other member of the client has its name. */
function lintRoots({ planes, operations }: Contract): Finding[] {
  const taken = new Map<string, string>(planes.map(({ name }) => [name, `the plane ${name}`]));
  for (const member of clientMembers) taken.set(member, "the client itself");
  return planes.flatMap(({ name, origin, root }) =>
    root.flatMap((verb) => {
      const at = { rule: "root-method", file: origin, pointer: "/plane/root" };
      if (!operations.some((operation) => operation.plane === name && operation.verb === verb))
        return [{ ...at, text: `"${verb}" is no operation of ${name}; write its file or remove it` }];
      const before = taken.get(verb);
      taken.set(verb, `${name}.${verb}`);
      return before === undefined
        ? []
        : [{ ...at, text: `client.${verb} is taken by ${before}; remove it here` }];
    }),
  );
}

/** A verb is a method's name in both SDKs: Python has no methods that are called like its keywords. */
function lintVerbs({ operations }: Contract): Finding[] {
  return operations
    .filter(({ verb }) => pythonKeywords.has(verb) || pythonSoftKeywords.has(verb))
    .map(({ plane, verb, origin }) => ({
      rule: "python-keyword",
      file: origin,
      pointer: "/operation/id",
      text: `"${verb}" is a keyword of Python, so no method can have the name; rename it, for example "${verb}_${plane}"`,
    }));
}

function lintErrors({ errors }: { errors: string[] }, catalogue: ErrorDef[], say: Say): void {
  for (const code of errors) {
    const known = catalogue.find((error) => error.code === code);
    if (known === undefined)
      say("error-code", "/errors", `"${code}" is not in errors.json; add it there or remove it`);
    else if (known.clientOnly) say("error-code", "/errors", `"${code}" is only raised by clients; remove it`);
  }
}

function lintRaw(route: RawRoute, say: Say): void {
  if (route.upgrade !== null && !route.methods.includes("GET"))
    say("raw-upgrade", "/upgrade", "is opened by GET, which is not among the methods; add it");
  if (route.scope !== null && route.credentials.length === 0)
    say("raw-credentials", "/credentials", "is empty, but a scope is needed; name who may call");
  if (route.openedBy !== null && route.credentials.length === 0)
    say("raw-credentials", "/opened_by", "opens a route that is open already; remove it");
  if (route.maxBytes !== null && route.request.length === 0)
    say("raw-body", "/max_bytes", "bounds a body that is not read; name its media type in `request`");
}

function lintScope(scope: string | null, contract: Contract, types: Types, say: Say): void {
  const known = types.get("Scope")?.shape;
  if (scope === null || known?.kind !== "string") return;
  const [plane = ""] = scope.split(":");
  if (!contract.planes.some(({ name }) => name === plane))
    say("scope", "/scope", `"${plane}" is no plane; write \`<plane>:<right>\``);
  else if (known.enum?.includes(scope) !== true)
    say(
      "scope",
      "/scope",
      `"${scope}" is not in the enum Scope; add it there or write one of: ${known.enum?.join(", ")}`,
    );
}

function lintRest({ rest, request, kind }: Operation, types: Types, say: Say): void {
  if (rest === null) return;
  if (kind === "stream" && rest.method !== "GET")
    say("rest-method", "/rest/method", "is not GET; a stream is read with GET");
  const fields = fieldsOf(types, request);
  for (const name of rest.pathFields) {
    const property = fields?.find((field) => field.name === name);
    const shape = property && resolveShape(types, property.shape);
    if (shape?.kind !== "string" || property?.required !== true)
      say(
        "rest-path",
        "/rest/path",
        `{${name}} is no required string field of the request; rename it or require the field`,
      );
  }
  if (fields === null && (rest.rest === "query" || rest.pathFields.length > 0))
    say(
      "rest-path",
      "/rest",
      "takes fields from the address, but the request is a union; use POST without path fields",
    );
  if (rest.rest === "query")
    for (const name of clashes(
      types,
      (fields ?? []).filter((field) => !rest.pathFields.includes(field.name)),
    ))
      say("rest-query", "/rest", `"${name}" is a field of the request and of a variant; rename one`);
}

/** Names that the fields of union type would bring into the query string although they are taken there. */
function clashes(types: Types, fields: Property[]): string[] {
  const taken = new Set(fields.map(({ name }) => name));
  return fields.flatMap(({ shape }) => {
    const real = resolveShape(types, shape);
    const variants = real.kind === "union" ? real.variants : [];
    return variants
      .flatMap(({ type }) => (fieldsOf(types, type) ?? []).map(({ name }) => name))
      .filter((name) => taken.has(name));
  });
}

function lintRpc({ rpc, body }: Operation, say: Say): void {
  if (body === "bytes" && rpc !== null)
    say("rpc-bytes", "/rpc", "carries bytes, which JSON-RPC cannot; write null");
}

function lintMcp({ mcp, request, response, kind }: Operation, types: Types, say: Say): void {
  if (mcp === null) return;
  if (kind === "stream") say("mcp-root", "/mcp", "is a stream, which a tool cannot be; write null");
  if (mcp.wrap === null && fieldsOf(types, request) === null)
    say("mcp-root", "/mcp", "takes a union, but a tool's root is a plain object; write `wrap`");
  const root = resolveShape(types, { kind: "ref", name: response });
  if (root.kind !== "object" && root.kind !== "union")
    say("mcp-root", "/mcp", "does not answer with an object; wrap the response in one");
}

function lintCli({ cli, request, response }: Operation, types: Types, say: Say): void {
  if (cli === null) return;
  const fields = requestFields(types, request);
  const check = (field: string, pointer: string): void => {
    if (!fields.some(({ name }) => name === field))
      say(
        "cli-field",
        pointer,
        `"${field}" is no field of the request; write one of: ${fields.map(({ name }) => name).join(", ") || "none"}`,
      );
  };
  cli.args.forEach(({ field }, index) => {
    check(field, `/cli/args/${index}`);
  });
  cli.flags.forEach(({ field, repeat }, index) => {
    check(field, `/cli/flags/${index}`);
    const shape = fields.find(({ name }) => name === field)?.shape;
    if (
      shape !== undefined &&
      (resolveShape(types, shape).kind === "array") !== repeat &&
      resolveItems(types, shape)
    )
      say(
        "cli-repeat",
        `/cli/flags/${index}`,
        "`repeat` and a list of strings go together; write both or neither",
      );
  });
  const seen = new Set<string>();
  for (const { flag } of cli.flags) {
    if (seen.has(flag)) say("cli-flag", "/cli/flags", `${flag} occurs twice; rename one`);
    seen.add(flag);
  }
  lintColumns(types, response, cli, say);
}

/** Whether the shape is a string or a list of strings: what `repeat` is about. */
function resolveItems(types: Types, shape: Shape): boolean {
  const real = resolveShape(types, shape);
  return (real.kind === "array" ? resolveShape(types, real.items) : real).kind === "string";
}

function lintColumns(types: Types, response: string, cli: NonNullable<Operation["cli"]>, say: Say): void {
  let row = resolveShape(types, { kind: "ref", name: response });
  if (cli.rows !== null) {
    const rows = field(row, cli.rows);
    const list = rows && resolveShape(types, rows.shape);
    if (list?.kind !== "array") {
      say(
        "cli-columns",
        "/cli/rows",
        `"${cli.rows}" is no list in the response; name the field that holds the rows`,
      );
      return;
    }
    row = resolveShape(types, list.items);
  }
  for (const column of cli.columns) {
    let shape: Shape | undefined = row;
    for (const part of column.split(".")) {
      const inner: Property | undefined = shape && field(shape, part);
      shape = inner && resolveShape(types, inner.shape);
    }
    if (shape === undefined)
      say("cli-columns", "/cli/columns", `"${column}" is no field of a row; write a path that exists`);
  }
}

function field(shape: Shape, name: string): Property | undefined {
  return shape.kind === "object" ? shape.properties.find((property) => property.name === name) : undefined;
}

function lintIdempotency({ idempotency, idempotencyPath, rest }: Operation, say: Say): void {
  if (idempotency === "keyed" && idempotencyPath === null)
    say(
      "idempotency",
      "/idempotency",
      "is keyed, but not every form of the request has `idempotency_key` at one place; add it",
    );
  if (idempotency !== "keyed" && rest?.idempotencyHeader === true)
    say("idempotency", "/rest/idempotency_header", "needs `idempotency: keyed`; remove it or write keyed");
}

function lintStream(
  { kind, stream, request, timeout }: Operation,
  contract: Contract,
  types: Types,
  say: Say,
): void {
  if ((kind === "stream") !== (stream !== null) || (kind === "stream") !== (timeout === "stream")) {
    say(
      "stream",
      "/stream",
      "`kind: stream`, `timeout: stream` and a `stream` block go together; write all or none",
    );
    return;
  }
  if (stream === null) return;
  for (const id of [stream.event, stream.closed])
    if (!contract.events.some((event) => event.id === id))
      say("stream", "/stream", `"${id}" is no event; write its file`);
  if (!contract.operations.some(({ id }) => id === stream.close))
    say("stream", "/stream/close", `"${stream.close}" is no operation; write its file`);
  const fields = fieldsOf(types, request) ?? [];
  for (const fact of ["cursor", "resume", "follow"] as const) {
    const name = stream[fact];
    if (name !== null && !fields.some((one) => one.name === name))
      say("stream", `/stream/${fact}`, `"${name}" is no field of the request; add it`);
  }
  if ((stream.cursor === null) !== (stream.position === null))
    say("stream", "/stream/position", "`cursor` and `position` go together; write both or null for both");
  if (stream.source === "log" && stream.cursor === null)
    say(
      "stream",
      "/stream/cursor",
      "is null, but a log is read on from a position; name a field of the request",
    );
  const { position } = stream;
  const payload = contract.events.find(({ id }) => id === stream.event)?.payload;
  const carried = payload === undefined ? null : fieldsOf(types, payload);
  if (stream.cursor !== null && position !== null && carried?.some(({ name }) => name === position) === false)
    say("stream", "/stream/position", `"${position}" is no field of ${stream.event}; add it`);
}

function lintExample({ example, request, response }: Operation, types: Types, say: Say): void {
  for (const [part, name] of [
    ["request", request],
    ["response", response],
  ] as const) {
    const wrong = checkValue(types, { kind: "ref", name }, example[part]);
    if (wrong !== null)
      say("example", `/example/${part}${wrong.pointer}`, `${wrong.text}; make the example fit ${name}`);
  }
}

function lintUnique({ operations, events }: Contract): Finding[] {
  const findings: Finding[] = [];
  const seen = new Map<string, string>();
  const take = (surface: string, name: string, file: string, pointer: string): void => {
    const before = seen.get(`${surface} ${name}`);
    if (before !== undefined)
      findings.push({
        rule: "unique-binding",
        file,
        pointer,
        text: `${surface} ${name} is taken by ${before}; rename one`,
      });
    seen.set(`${surface} ${name}`, file);
  };
  for (const { origin, rest, rpc, mcp, cli } of operations) {
    if (rest !== null)
      take("rest", `${rest.method} ${rest.path.replace(/\{[^}]*\}/g, "{}")}`, origin, "/operation/rest");
    if (rpc !== null) take("rpc", rpc, origin, "/operation/rpc");
    if (mcp !== null) take("mcp", mcp.tool, origin, "/operation/mcp");
    if (cli !== null) take("cli", cli.command, origin, "/operation/cli");
  }
  for (const { rpc, origin } of events) take("rpc", rpc, origin, "/event/rpc");
  return findings;
}

function lintTypes(contract: Contract, types: Types): Finding[] {
  const { operations, events, messages } = contract;
  const written = [
    ...operations.map(({ response }) => response),
    ...[...events, ...messages].map(({ payload }) => payload),
  ];
  const read = new Set(written.flatMap((name) => reach(types, name)));
  const asked = new Set(operations.flatMap(({ request }) => reach(types, request)));
  return contract.types.flatMap((type) => {
    const [file = "", pointer = ""] = type.origin.split("#");
    const findings: Finding[] = [];
    if (asked.has(type.name) && hasOpen(type.shape))
      findings.push({
        rule: "open-request",
        file,
        pointer,
        text: `${type.name} is open, but requests use it; give them a closed type, requests are strict`,
      });
    if (!asked.has(type.name) && !read.has(type.name))
      findings.push({ rule: "unused", file, pointer, text: `${type.name} is used by nothing; remove it` });
    return [...findings, ...lintDefaults(type.shape, types, file, pointer)];
  });
}

function hasOpen(shape: Shape): boolean {
  if (shape.kind === "array") return hasOpen(shape.items);
  if (shape.kind === "map") return hasOpen(shape.values);
  if (shape.kind === "object")
    return shape.open || shape.properties.some((property) => hasOpen(property.shape));
  return (shape.kind === "union" || shape.kind === "string") && shape.open === true;
}

function lintDefaults(shape: Shape, types: Types, file: string, pointer: string): Finding[] {
  if (shape.kind === "array") return lintDefaults(shape.items, types, file, `${pointer}/items`);
  if (shape.kind !== "object") return [];
  return shape.properties.flatMap((property) => {
    const place = `${pointer}/properties/${property.name}`;
    const wrong = property.default === undefined ? null : checkValue(types, property.shape, property.default);
    const own =
      wrong === null
        ? []
        : [
            {
              rule: "default-valid",
              file,
              pointer: `${place}/default${wrong.pointer}`,
              text: `${wrong.text}; write a default that fits`,
            },
          ];
    return [...own, ...lintDefaults(property.shape, types, file, place)];
  });
}

function fieldsOf(types: Types, name: string): Property[] | null {
  const shape = resolveShape(types, { kind: "ref", name });
  return shape.kind === "object" ? shape.properties : null;
}
