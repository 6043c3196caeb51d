import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { onTestFinished } from "vitest";
import { parse } from "yaml";

const sdkTypes = "sdks/typescript/src/generated/types.ts";

/** Components of the document that the SDK has no type for: bodies without path fields, and the error payload. */
const ownToDocument = /Body$|^Error(?:Detail|Payload)$/;

/**
 * Compares openapi-typescript's types of `openapi.yaml` with the SDK's: each must be assignable to the other. Gives a
 * sentence per type that is not, and one per type that only one side has.
 */
export async function compareOpenapiTypes(root: string, document: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "parley-types-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const ast = await openapiTS(document, { defaultNonNullable: false, silent: true });
  writeFileSync(join(folder, "openapi.ts"), astToString(ast));
  const { components } = parse(document) as { components: { schemas: Record<string, object> } };
  const sdk = exportedTypes(join(root, sdkTypes));
  const names = Object.keys(components.schemas);
  const shared = names.filter((name) => sdk.has(name));
  const missing = names
    .filter((name) => !sdk.has(name) && !ownToDocument.test(name))
    .map(
      (name) => `${sdkTypes} has no type ${name}, which openapi.yaml has: fix the emitter of one of them.`,
    );
  const bodies = names.filter((name) => name.endsWith("Body"));
  const lines = [
    'import type { components } from "./openapi.js";',
    `import type * as sdk from ${JSON.stringify(pathToFileURL(join(root, sdkTypes)).pathname)};`,
    'type Document = components["schemas"];',
    // Only the SDK has an arm for variants that a later daemon may send.
    'type Known<T> = T extends string ? T : T extends { kind: "$unknown" } ? never',
    "  : T extends readonly (infer I)[] ? Known<I>[] : T extends object ? { [K in keyof T]: Known<T[K]> } : T;",
    "type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;",
    ...shared.map(
      (name) => `export const ${name}: Same<Known<Document["${name}"]>, Known<sdk.${name}>> = true;`,
    ),
    // A body is the request without its path fields, so the request must fit it and add nothing else.
    ...bodies.map((name) => {
      const request = `sdk.${name.replace(/Body$/, "Request")}`;
      return `export const ${name}: Same<Document["${name}"], Pick<${request}, keyof Document["${name}"] & keyof ${request}>> = true;`;
    }),
  ];
  const file = join(folder, "check.ts");
  writeFileSync(file, `${lines.join("\n")}\n`);
  return [...missing, ...typeErrors(file)];
}

function exportedTypes(path: string): Set<string> {
  const text = readFileSync(path, "utf8");
  const own = [...text.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name!);
  const passedOn = [...text.matchAll(/^export type \* from "(.+)\.js";$/gm)].flatMap(([, module]) => [
    ...exportedTypes(join(dirname(path), `${module}.ts`)),
  ]);
  return new Set([...own, ...passedOn]);
}

function typeErrors(file: string): string[] {
  const program = ts.createProgram([file], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    types: [],
  });
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
    const line = diagnostic.file?.text.slice(diagnostic.start ?? 0) ?? "";
    const name = /^(\w+):/.exec(line)?.[1];
    if (name === undefined) return `The type comparison itself fails: ${text}`;
    return `${name} of openapi.yaml and of the SDK are not the same type: fix codegen/emit/openapi.ts or the SDK's emitter.`;
  });
}
