import type { CliBinding, Operation, Shape } from "../contract.js";
import type { JsonObject } from "../json-schema.js";
import { camelCase } from "../names.js";

/** The ids in reference examples exist on no daemon, so they are checked against the contract and not run. */
const mark = "no-run: ids of the example";

/** The operation's example on every surface that has it, as Markdown sections. */
export function exampleSections(operation: Operation, request: Shape): string[] {
  const sections: [string, string, string[]][] = [];
  const { rest, rpc, cli } = operation;
  if (cli) sections.push(["CLI", "sh", [cliExample(operation, cli)]]);
  if (rest) sections.push(["REST", "sh", curlExample(operation)]);
  if (rpc) sections.push(["JSON-RPC", "json", [JSON.stringify(rpcFrame(operation), null, 2)]]);
  sections.push(["TypeScript", "ts", typescriptExample(operation)]);
  sections.push(["Python", "python", pythonExample(operation, request)]);
  if (operation.mcp) sections.push(["MCP", "json", [JSON.stringify(mcpFrame(operation), null, 2)]]);
  sections.push(["Answer", "json", [JSON.stringify(operation.example.response, null, 2)]]);
  return sections.flatMap(([title, language, lines]) => [
    `### ${title}`,
    "",
    `\`\`\`${language} ${mark}`,
    ...lines,
    "```",
    "",
  ]);
}

function cliExample(operation: Operation, cli: CliBinding): string {
  const request = operation.example.request as JsonObject;
  if (cli.custom) return `parley ${cli.command} --help`;
  const words = cli.args.map(({ field }) => shellWord(request[field]));
  for (const { field, flag, repeat, unit } of cli.flags) {
    const value = request[field];
    if (value === undefined) continue;
    for (const item of repeat && Array.isArray(value) ? value : [value])
      words.push(`${flag} ${unit === "duration" ? `${item}ms` : shellWord(item)}`);
  }
  return ["parley", cli.command, ...words].join(" ");
}

function shellWord(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[A-Za-z0-9_./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function curlExample(operation: Operation): string[] {
  const rest = operation.rest!;
  const request = operation.example.request as JsonObject;
  const path = rest.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(request[name])),
  );
  const query = rest.queryFields.flatMap((field) => {
    let value: unknown = request;
    for (const step of field.path) value = (value as JsonObject | undefined)?.[step];
    if (field.type === "tag" && typeof value === "object" && value !== null)
      value = (value as JsonObject).kind;
    return value === undefined ? [] : [`${field.name}=${encodeURIComponent(String(value))}`];
  });
  const target = `http://127.0.0.1:7433${path}${query.length > 0 ? `?${query.join("&")}` : ""}`;
  const words = [`curl${operation.stream ? " -N" : ""}`];
  if (rest.method !== "GET") words.push(`-X ${rest.method}`);
  if (operation.scope !== null) words.push('-H "Authorization: Bearer $TOKEN"');
  words.push(shellWord(target));
  if (rest.rest === "body") {
    const body = Object.entries(request).filter(([name]) => !rest.pathFields.includes(name));
    words.push("-H 'Content-Type: application/json'");
    words.push(`--data ${shellWord(JSON.stringify(Object.fromEntries(body)))}`);
  }
  return words.map(
    (word, index) => `${index === 0 ? "" : "  "}${word}${index < words.length - 1 ? " \\" : ""}`,
  );
}

function rpcFrame(operation: Operation): JsonObject {
  return { jsonrpc: "2.0", id: 1, method: operation.rpc, params: operation.example.request };
}

function mcpFrame(operation: Operation): JsonObject {
  const { tool, wrap } = operation.mcp!;
  const request = operation.example.request;
  return {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: tool, arguments: wrap === null ? request : { [wrap]: request } },
  };
}

function typescriptExample(operation: Operation): string[] {
  const request = operation.example.request as JsonObject;
  const argument = Object.keys(request).length === 0 ? "" : scriptLiteral(request, 0);
  const call = `client.${operation.plane}.${camelCase(operation.verb)}(${argument})`;
  const open = ['import { Parley } from "parley-sdk";', "", "const client = new Parley();"];
  return operation.stream
    ? [...open, `for await (const item of ${call}) console.log(item.event.kind);`]
    : [...open, `const answer = await ${call};`];
}

function scriptLiteral(value: unknown, indent: number): string {
  return JSON.stringify(value, null, 2)
    .replace(/^(\s*)"([A-Za-z_]\w*)":/gm, "$1$2:")
    .replaceAll("\n", `\n${" ".repeat(indent)}`);
}

/** Fields are keyword arguments; a union is one positional value. */
function pythonExample(operation: Operation, shape: Shape): string[] {
  const request = operation.example.request as JsonObject;
  const fields = Object.entries(request).map(([name, value]) => `    ${name}=${pythonLiteral(value, 4)},\n`);
  const argument =
    shape.kind === "union" ? pythonLiteral(request, 0) : fields.length > 0 ? `\n${fields.join("")}` : "";
  const call = `client.${operation.plane}.${operation.verb}(${argument})`;
  const open = ["from parley import Parley", "", "client = Parley()"];
  return operation.stream
    ? [...open, `for item in ${call}:`, "    print(item.event.kind)"]
    : [...open, `answer = ${call}`];
}

function pythonLiteral(value: unknown, indent: number): string {
  const pad = " ".repeat(indent + 4);
  if (Array.isArray(value)) return `[${value.map((item) => pythonLiteral(item, indent)).join(", ")}]`;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const fields = Object.entries(value).map(
    ([key, item]) => `${pad}${JSON.stringify(key)}: ${pythonLiteral(item, indent + 4)},`,
  );
  return fields.length === 0 ? "{}" : `{\n${fields.join("\n")}\n${" ".repeat(indent)}}`;
}
