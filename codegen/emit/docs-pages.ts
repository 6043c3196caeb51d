import type { Contract, Operation, TypeDef } from "../contract.js";
import { resolveType } from "../json-schema.js";
import { fieldTable, table } from "./docs-tables.js";

/** The reference's table of contents. */
export function indexPage(contract: Contract): string[] {
  const planes = contract.planes.filter(({ name }) => contract.operations.some((o) => o.plane === name));
  return [
    "# Reference",
    "",
    `Contract ${contract.version}. Generated from \`schemas/\`; every surface offers the same operations.`,
    "",
    "- [Errors](errors.md): every code with its HTTP status, JSON-RPC number and CLI exit code.",
    "- [CLI](cli.md): the commands.",
    "- [Types](types.md): the named types.",
    "- [Breaking changes](breaking-rules.md): what may change without breaking a client.",
    "- `openapi.yaml`, `schemas/dist/openrpc.json`, `schemas/dist/asyncapi.yaml`, `schemas/dist/mcp-tools.json`, `schemas/dist/contract.schema.json`: the same as documents for tools.",
    "",
    ...planes.flatMap(({ name: plane, text }) => [
      `## ${plane}`,
      "",
      text,
      "",
      ...table(
        ["Operation", "What it does", "Scope"],
        contract.operations
          .filter((operation) => operation.plane === plane)
          .map((o) => [
            `[${o.id}](${o.plane}/${o.verb}.md)`,
            o.summary,
            o.scope === null ? "none" : `\`${o.scope}\``,
          ]),
      ),
      "",
      ...eventList(contract, plane),
      ...rawList(contract, plane),
    ]),
  ];
}

function eventList(contract: Contract, plane: string): string[] {
  const events = [...contract.events, ...contract.messages].filter((event) => event.plane === plane);
  if (events.length === 0) return [];
  const rows = events.map((event) => [
    `[${event.id}](${event.plane}/${event.id.split(".")[1]}.md)`,
    event.summary,
  ]);
  return [...table(["Event or message", "What it says"], rows), ""];
}

function rawList(contract: Contract, plane: string): string[] {
  const routes = contract.rawRoutes.filter((route) => route.plane === plane);
  if (routes.length === 0) return [];
  const rows = routes.map((route) => [
    `\`${route.methods.join(", ")} ${route.path}\``,
    route.summary,
    route.scope === null ? (route.credentials.length > 0 ? "any credentials" : "none") : `\`${route.scope}\``,
    listed(route.request),
    listed(route.response),
    route.errors.map((code) => `[\`${code}\`](errors.md)`).join(", "),
  ]);
  const head = ["Route", "What it serves", "Scope", "Request", "Response", "Errors besides the common ones"];
  return [...table(head, rows), ""];
}

function listed(mediaTypes: string[]): string {
  return mediaTypes.map((type) => `\`${type}\``).join(", ");
}

/** Every error code. */
export function errorsPage(contract: Contract): string[] {
  const givers = (code: string): string => {
    const operations = contract.operations
      .filter(({ errors }) => errors.includes(code))
      .map(({ id, plane, verb }) => `[${id}](${plane}/${verb}.md)`);
    const routes = contract.rawRoutes
      .filter(({ errors }) => errors.includes(code))
      .map(({ path }) => `\`${path}\``);
    return [...operations, ...routes].join(", ");
  };
  return [
    "# Errors",
    "",
    "One payload on every surface: `{code, message, details, retryable, retry_after_ms?, request_id}`. `details` lists every field that is wrong, sorted by field and issue. Log lines of the daemon carry the `request_id`.",
    "",
    ...table(
      ["Code", "Category", "HTTP", "JSON-RPC", "Exit", "Retry", "Meaning and what to do", "Declared by"],
      [...contract.errors]
        .sort((a, b) => (a.code < b.code ? -1 : 1))
        .map((error) => [
          `\`${error.code}\``,
          error.category,
          String(error.http),
          String(error.rpc),
          String(error.exit),
          error.retryable ? "yes" : "no",
          error.clientOnly ? `${error.text} Raised by clients only.` : error.text,
          givers(error.code) || "any call",
        ]),
    ),
  ];
}

/** Every CLI command that an operation has. */
export function cliPage(contract: Contract): string[] {
  const commands = contract.operations
    .filter((operation) => operation.cli !== null)
    .sort((a, b) => (a.cli!.command < b.cli!.command ? -1 : 1));
  return [
    "# CLI",
    "",
    "Commands that call one operation. All take `--json` (machine output, errors too), `--as <session>` and `--help`. Exit codes: 0 ok, 2 invalid input, 3 not found, 4 not permitted or not the owner, 5 conflict, 6 limited, 7 daemon unreachable, 8 contract mismatch, 1 anything else.",
    "",
    ...commands.flatMap((operation) => commandSection(operation)),
  ];
}

function commandSection(operation: Operation): string[] {
  const cli = operation.cli!;
  const usage = ["parley", cli.command, ...cli.args.map(({ field }) => `<${field}>`)].join(" ");
  const flags = cli.flags.map(({ field, flag, repeat, unit }) => [
    `\`${flag}\``,
    `\`${field}\``,
    [repeat ? "may repeat" : "", unit === "duration" ? "duration such as `500ms`, `30s`, `2h`" : ""]
      .filter((note) => note !== "")
      .join(", "),
  ]);
  return [
    `## ${usage}`,
    "",
    `${operation.summary} Operation: [${operation.id}](${operation.plane}/${operation.verb}.md).`,
    "",
    ...(flags.length > 0 ? [...table(["Flag", "Field", "Notes"], flags), ""] : []),
    ...(cli.custom
      ? [`Its ${flags.length > 0 ? "other " : ""}arguments are its own: see \`--help\`.`, ""]
      : []),
  ];
}

/** A page per event and message. */
export function eventPages(
  contract: Contract,
  types: ReadonlyMap<string, TypeDef>,
): [string, string, string[]][] {
  const page = (id: string, summary: string, payload: string, facts: string): string[] => [
    `# ${id}`,
    "",
    summary,
    "",
    facts,
    "",
    ...fieldTable(resolveType(types, payload), "../types.md"),
  ];
  const path = (plane: string, id: string): string => `${plane}/${id.split(".")[1]}.md`;
  return [
    ...contract.events.map((event): [string, string, string[]] => [
      path(event.plane, event.id),
      event.origin.split("#")[0]!,
      page(
        event.id,
        event.summary,
        event.payload,
        `Notification \`${event.rpc}\`. Since ${event.since}, ${event.stability}.`,
      ),
    ]),
    ...contract.messages.map((message): [string, string, string[]] => [
      path(message.plane, message.id),
      message.origin.split("#")[0]!,
      page(
        message.id,
        message.summary,
        message.payload,
        `Message between daemons, direction ${message.direction}, acknowledged by ${message.ack}. Since ${message.since}, ${message.stability}.`,
      ),
    ]),
  ];
}
