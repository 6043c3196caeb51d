import { parse } from "yaml";
import { camelCase } from "../names.js";
import { type DeclaredOperation, declaredEvents, declaredOperations } from "./declared.js";
import { compareSets, type Gate, loadTable, readText, walk } from "./gate.js";

/** A place that lists a surface's operations, and what the schemas say should stand there. */
interface Listing {
  place: string;
  expected: string[];
  actual: string[];
}

/** Router tables, registries, documents, SDKs, docs and golden lists hold the operations that the schemas declare. */
export const surfacesGate: Gate = async (root) => {
  const listings = await surfaceListings(root);
  return listings.flatMap(({ place, expected, actual }) =>
    compareSets(
      expected,
      actual,
      (item) =>
        `${place} lacks "${item}": the schemas declare it; run \`npm run codegen\` or fix its emitter.`,
      (item) => `${place} has "${item}", which no schema declares: remove it or write its schema.`,
    ),
  );
};

/** Every listing, each read from the artefact itself. */
export async function surfaceListings(root: string): Promise<Listing[]> {
  const operations = declaredOperations(root);
  const events = declaredEvents(root);
  const lines = (line: (operation: DeclaredOperation) => string | false | null): string[] =>
    operations.map(line).filter((text) => typeof text === "string");
  const rest = lines(({ id, rest: r }) => r && `${id} ${r.method} ${r.path} ${r.status}`);
  const rpc = lines(({ id, rpc: method }) => method && `${id} ${method}`);
  const notifications = events.map((event) => `${event.id} ${event.rpc}`);
  const mcp = lines(({ id, mcp: m }) => m && `${id} ${m.tool}`);
  const cli = lines(({ id, cli: c }) => c && `${id} ${c.command}`);
  const ts = lines(({ id, plane, verb }) => `${id} client.${plane}.${camelCase(verb)}`);
  const py = lines(({ id, plane, verb }) => `${id} client.${plane}.${verb}`);
  const docs = lines(({ id, plane, verb }) => `${id} docs/reference/${plane}/${verb}.md`);
  const golden = (surface: string): string[] =>
    (readText(root, `test/golden/surfaces/${surface}.txt`) ?? "").split("\n").filter((line) => line !== "");
  const listing = (place: string, expected: string[], actual: string[]): Listing => ({
    place,
    expected,
    actual,
  });
  return [
    listing(
      "src/generated/operations.ts",
      lines(({ id }) => id),
      await registry(root),
    ),
    listing("src/generated/rest.ts", rest, await restTable(root)),
    listing("openapi.yaml", rest, openapiOperations(root)),
    listing("src/generated/rpc.ts", [...rpc, ...notifications], await rpcTable(root)),
    listing("schemas/dist/openrpc.json", rpc, openrpcMethods(root)),
    listing("schemas/dist/asyncapi.yaml", notifications, asyncapiMessages(root)),
    listing("src/generated/mcp.ts", mcp, await mcpTable(root)),
    listing("schemas/dist/mcp-tools.json", mcp, mcpDocument(root)),
    listing("src/generated/cli.ts", cli, await cliTable(root)),
    listing("docs/reference/cli.md", cli, cliHeadings(root)),
    listing("sdks/typescript/src/generated", ts, typescriptMethods(root)),
    listing(
      "sdks/python/src/parley/_generated/resources",
      [...py, ...py.map(asynchronous)],
      pythonMethods(root),
    ),
    listing("docs/reference", docs, docsPages(root)),
    listing("test/golden/surfaces/rest.txt", rest, golden("rest")),
    listing(
      "test/golden/surfaces/rpc.txt",
      [...rpc, ...notifications.map((line) => `${line} (notification)`)],
      golden("rpc"),
    ),
    listing("test/golden/surfaces/mcp.txt", mcp, golden("mcp")),
    listing(
      "test/golden/surfaces/cli.txt",
      lines(({ id, cli: c }) => c && `${id} parley ${c.command}`),
      golden("cli"),
    ),
    listing("test/golden/surfaces/ts.txt", ts, golden("ts")),
    listing("test/golden/surfaces/py.txt", py, golden("py")),
    listing("test/golden/surfaces/docs.txt", docs, golden("docs")),
  ];
}

async function registry(root: string): Promise<string[]> {
  const { operations } = await loadTable(root, "src/generated/operations.ts");
  return Object.keys((operations as object | undefined) ?? {});
}

async function restTable(root: string): Promise<string[]> {
  const { restRoutes } = await loadTable(root, "src/generated/rest.ts");
  const routes = (restRoutes ?? []) as { operation: string; method: string; path: string; status: number }[];
  return routes.map((r) => `${r.operation} ${r.method} ${r.path.replace(/:(\w+)/g, "{$1}")} ${r.status}`);
}

function openapiOperations(root: string): string[] {
  const document = parse(readText(root, "openapi.yaml") ?? "{}") as {
    paths?: Record<string, Record<string, { operationId?: string; responses: object; "x-raw"?: boolean }>>;
  };
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([, operation]) => operation["x-raw"] !== true)
      .map(([method, operation]) => {
        const status = Object.keys(operation.responses).find((code) => code.startsWith("2"));
        return `${operation.operationId} ${method.toUpperCase()} ${path} ${status}`;
      }),
  );
}

async function rpcTable(root: string): Promise<string[]> {
  const { rpcMethods, rpcNotifications } = await loadTable(root, "src/generated/rpc.ts");
  const methods = Object.entries((rpcMethods as Record<string, string>) ?? {});
  const notifications = Object.entries((rpcNotifications as Record<string, string>) ?? {});
  return [
    ...methods.map(([method, id]) => `${id} ${method}`),
    ...notifications.map(([id, method]) => `${id} ${method}`),
  ];
}

function openrpcMethods(root: string): string[] {
  const document = JSON.parse(readText(root, "schemas/dist/openrpc.json") ?? "{}") as {
    methods?: { name: string; "x-operation": string }[];
  };
  return (document.methods ?? []).map((method) => `${method["x-operation"]} ${method.name}`);
}

function asyncapiMessages(root: string): string[] {
  const document = parse(readText(root, "schemas/dist/asyncapi.yaml") ?? "{}") as {
    channels?: { rpc?: { messages?: object } };
    components?: { messages?: Record<string, { name: string }> };
  };
  const ids = Object.keys(document.channels?.rpc?.messages ?? {});
  return ids.map((id) => `${id} ${document.components?.messages?.[id]?.name}`);
}

async function mcpTable(root: string): Promise<string[]> {
  const { mcpTools } = await loadTable(root, "src/generated/mcp.ts");
  return ((mcpTools ?? []) as { name: string; operation: string }[]).map(
    (tool) => `${tool.operation} ${tool.name}`,
  );
}

function mcpDocument(root: string): string[] {
  const document = JSON.parse(readText(root, "schemas/dist/mcp-tools.json") ?? "{}") as {
    tools?: { name: string; "x-operation": string }[];
  };
  return (document.tools ?? []).map((tool) => `${tool["x-operation"]} ${tool.name}`);
}

async function cliTable(root: string): Promise<string[]> {
  const { cliCommands } = await loadTable(root, "src/generated/cli.ts");
  return ((cliCommands ?? []) as { operation: string; command: string }[]).map(
    (c) => `${c.operation} ${c.command}`,
  );
}

function cliHeadings(root: string): string[] {
  const text = readText(root, "docs/reference/cli.md") ?? "";
  return [...text.matchAll(/^## parley ((?:[a-z][a-z-]* ?)+)[^\n]*\n[^#]*?Operation: \[([a-z_.]+)\]/gm)].map(
    ([, command, id]) => `${id} ${command!.trim()}`,
  );
}

/** Methods of the resource classes: each passes its operation's id to the runtime. */
function typescriptMethods(root: string): string[] {
  return walk(root, "sdks/typescript/src/generated")
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const plane = path.split("/").at(-1)!.replace(/\.ts$/, "");
      const text = readText(root, path) ?? "";
      const methods = [
        ...text.matchAll(
          /^ {2}(?!constructor)([a-z]\w*)\([\s\S]*?\{\n\s+return this\.#calls\.\w+\(\s*"([a-z_.]+)"/gm,
        ),
      ];
      return methods.map(([, name, id]) => `${id} client.${plane}.${name}`);
    });
}

function asynchronous(line: string): string {
  return `${line} (async)`;
}

function pythonMethods(root: string): string[] {
  return walk(root, "sdks/python/src/parley/_generated/resources")
    .filter((path) => path.endsWith(".py"))
    .flatMap((path) => {
      const plane = path.split("/").at(-1)!.replace(/\.py$/, "");
      const text = readText(root, path) ?? "";
      return text.split(/^class /m).flatMap((body) => {
        const isAsync = body.startsWith("Async");
        const methods = [
          ...body.matchAll(/^ {4}(?:async )?def ([a-z]\w*)\(\n[\s\S]*?self\._calls\.\w+\(\s*([A-Z_]+)\b/gm),
        ];
        return methods.map(([, name, constant]) => {
          const id = `${plane}.${constant!.slice(plane.length + 1).toLowerCase()}`;
          const line = `${id} client.${plane}.${name}`;
          return isAsync ? asynchronous(line) : line;
        });
      });
    });
}

function docsPages(root: string): string[] {
  return walk(root, "docs/reference").flatMap((path) => {
    const text = readText(root, path) ?? "";
    const title = /^# ([a-z]+\.[a-z_]+)$/m.exec(text)?.[1];
    return title && text.includes("\n## Request\n") ? [`${title} ${path}`] : [];
  });
}
