import { parse } from "yaml";
import { type Gate, readText } from "./gate.js";

/** The contract version that this line of development must have, everywhere and exactly. */
export const requiredContract = "0.3.0";

type Place = [path: string, read: (text: string) => unknown];

const json =
  (...keys: string[]) =>
  (text: string): unknown => {
    let value: unknown = JSON.parse(text);
    for (const key of keys) value = (value as Record<string, unknown> | undefined)?.[key];
    return value;
  };
const yaml = (text: string): unknown => (parse(text) as { info?: { version?: unknown } }).info?.version;
const constant = (text: string): unknown => /CONTRACT_VERSION\b[^=]*= "([^"]*)"/.exec(text)?.[1];

const contractPlaces: Place[] = [
  ["contract-version.json", json("contract")],
  ["src/generated/version.ts", constant],
  ["sdks/typescript/src/generated/version.ts", constant],
  ["sdks/python/src/parley/_generated/version.py", constant],
  ["openapi.yaml", yaml],
  ["schemas/dist/openrpc.json", json("info", "version")],
  ["schemas/dist/asyncapi.yaml", yaml],
  ["schemas/dist/mcp-tools.json", json("x-contract")],
  ["schemas/dist/contract.schema.json", json("x-contract")],
];

const packagePlaces: Place[] = [
  ["package.json", json("version")],
  ["sdks/typescript/package.json", json("version")],
  ["sdks/python/pyproject.toml", (text) => /^version\s*=\s*"([^"]*)"/m.exec(text)?.[1]],
];

/** The contract is exactly 0.3.0 wherever a file states it; packages are 0.3.x. */
export const versionGate: Gate = (root) => [
  ...contractPlaces.flatMap(([path, read]) => {
    const text = readText(root, path);
    if (text === null) return [`${path} is missing: run \`npm run codegen\`.`];
    const found = read(text);
    if (found === requiredContract) return [];
    return [
      `${path} says contract ${String(found)}, not ${requiredContract}: set "contract" in contract-version.json to ${requiredContract} and run \`npm run codegen\`.`,
    ];
  }),
  ...packagePlaces.flatMap(([path, read]) => {
    const text = readText(root, path);
    if (text === null) return [`${path} is missing: a package needs it.`];
    const found = String(read(text));
    if (/^0\.3\.\d+$/.test(found)) return [];
    return [
      `${path} has version ${found}: packages of contract ${requiredContract} are 0.3.x; only the patch is free.`,
    ];
  }),
];
