import { parse } from "yaml";
import { camelCase } from "../names.js";
import { type Gate, loadTable, readText, walk } from "./gate.js";

/** Names that the 0.3.0 hard cut removed; no surface, export, page or example may carry them. */
export const legacyNames: readonly string[] = [
  "event/push",
  "send_message",
  "send_request",
  "send_response",
  "list_peers",
  "push_event",
];

/** This gate spells the names. */
const exceptions = new Set(["codegen/gates/hard-cut.ts"]);

/** Programs that test are no surface: they may try the names, and Python's own http.server has one of them. */
const testPrograms = /^(?:test|sdks\/[^/]+\/tests?)\/.*\.(?:ts|py)$|\.test\.ts$/;

const spelled = new RegExp(`(?<!\\w)(${legacyNames.join("|")})(?!\\w)`, "g");

/** The same names as SDKs and programs would spell them: sendMessage, SendMessage, eventPush. */
const identifiers = legacyNames
  .map((name) => camelCase(name.replace("/", "_")))
  .flatMap((name) => [name, name.charAt(0).toUpperCase() + name.slice(1)]);
const cased = new RegExp(`\\b(${identifiers.join("|")})\\b`, "g");

/** What the cut-over may have been built with, and nobody else: adapters to the old seam, the injector and its bridges. */
const scaffolding =
  /^(?:_?legacy(?=[A-Z_]|$)|Legacy(?=[A-Z]|$)|LEGACY_)|injector|(?:drain|subscriber|injector)_?(?:adapter|bridge)/i;

const texts = /\.(?:md|mdx|txt|html|css|json|toml|ya?ml|ts|mts|tsx|js|mjs|py|sh)$|(?:^|\/)[A-Z]+$/;

/** Places that users read or copy from: here the camel-case spellings count too. */
const reading =
  /^(?:docs|examples|console|skills|\.claude|\.agents)\/|^[A-Z]+\.md$|^sdks\/[^/]+\/README\.md$/;

/** No legacy name and no scaffolding is left, `/mcp` has exactly send and peers, and `initialize` lists no `event/push`. */
export const hardCutGate: Gate = async (root) => [
  ...textProblems(root),
  ...scaffoldingProblems(root),
  ...(await toolProblems(root)),
  ...(await methodProblems(root)),
];

function textProblems(root: string): string[] {
  return walk(root, "")
    .filter((path) => texts.test(path) && !exceptions.has(path) && !testPrograms.test(path))
    .flatMap((path) => {
      const text = readText(root, path) ?? "";
      const names = new Set([...text.matchAll(spelled)].map(([name]) => name));
      if (reading.test(path)) for (const [name] of text.matchAll(cased)) names.add(name);
      else for (const name of exportedNames(path, text)) if (identifiers.includes(name)) names.add(name);
      return [...names].map(
        (name) =>
          `${path} says "${name}", which the hard cut removed: use send, stream or peers; there are no aliases.`,
      );
    });
}

function scaffoldingProblems(root: string): string[] {
  return walk(root, "")
    .filter(
      (path) => /\.(?:ts|mts|tsx|js|mjs|py)$/.test(path) && !testPrograms.test(path) && !exceptions.has(path),
    )
    .flatMap((path) =>
      [...new Set(exportedNames(path, readText(root, path) ?? ""))]
        .filter((name) => scaffolding.test(name))
        .map(
          (name) =>
            `${path} has "${name}": scaffolding of the cut-over is deleted before the merge; use send, stream and peers.`,
        ),
    );
}

/** Names that a TypeScript or Python source offers to others: declarations, and members of classes. */
function exportedNames(path: string, text: string): string[] {
  if (/\.(?:ts|mts|tsx|js|mjs)$/.test(path)) {
    const declared = text.matchAll(
      /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type) (\w+)/gm,
    );
    const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
      names!.split(",").map((name) => name.trim().split(/\s+/).at(-1) ?? ""),
    );
    const members = text.matchAll(
      /^ {2}(?:static |async |readonly |get |\*)*([A-Za-z]\w*)\s*(?:[(=:?]|<\w)/gm,
    );
    return [...declared, ...members].map(([, name]) => name!).concat(listed);
  }
  if (path.endsWith(".py"))
    return [...text.matchAll(/^\s*(?:async )?(?:def|class) ([A-Za-z]\w*)|^([A-Za-z]\w*)\s*[:=]/gm)].map(
      ([, name, assigned]) => name ?? assigned!,
    );
  return [];
}

async function toolProblems(root: string): Promise<string[]> {
  const { mcpTools } = await loadTable(root, "src/generated/mcp.ts");
  const document = JSON.parse(readText(root, "schemas/dist/mcp-tools.json") ?? "{}") as {
    tools?: { name: string }[];
  };
  const lists: [string, string[]][] = [
    ["src/generated/mcp.ts", ((mcpTools ?? []) as { name: string }[]).map((tool) => tool.name)],
    ["schemas/dist/mcp-tools.json", (document.tools ?? []).map((tool) => tool.name)],
  ];
  return lists
    .filter(([, names]) => names.toSorted().join() !== "peers,send")
    .map(
      ([path, names]) =>
        `${path} lists the tools ${names.toSorted().join(", ") || "(none)"}: /mcp has exactly send and peers; give other planes a server of their own.`,
    );
}

async function methodProblems(root: string): Promise<string[]> {
  const { rpcMethods } = await loadTable(root, "src/generated/rpc.ts");
  const document = parse(readText(root, "schemas/dist/openrpc.json") ?? "{}") as {
    methods?: { name: string }[];
  };
  const methods = [
    ...Object.keys((rpcMethods as object | undefined) ?? {}),
    ...(document.methods ?? []).map(({ name }) => name),
  ];
  return [...new Set(methods)]
    .filter((name) => legacyNames.includes(name) || name.startsWith("event/"))
    .map(
      (name) =>
        `The RPC methods have "${name}": remove it; streams are comms/stream_open and comms/stream_event.`,
    );
}
