import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Operation } from "../../codegen/contract.js";
import { walk } from "../../codegen/gates/gate.js";
import { loadContract } from "../../codegen/load.js";
import { cliCommands } from "../../src/generated/cli.js";
import { createValidators } from "../../src/kernel/validate.js";
import { runPython } from "./_python.js";
import { root } from "./_tree.js";

const contract = loadContract(root);
const pages = walk(root, "docs/reference");
const validators = createValidators();

/** The blocks of an operation's page by the heading above them. */
function examplesOf({ plane, verb }: Operation): Map<string, string> {
  const text = readFileSync(join(root, `docs/reference/${plane}/${verb}.md`), "utf8");
  const blocks = text.matchAll(/^### ([\w-]+)\n\n```\w+ no-run: \S[^\n]*\n([\s\S]*?)\n```$/gm);
  return new Map([...blocks].map(([, title, block]) => [title!, block!]));
}

/** As GitHub makes them. */
function anchorsOf(path: string): Set<string> {
  const titles = readFileSync(join(root, path), "utf8").matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...titles].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

describe("[contract.reference] the reference's links and examples are right", () => {
  test("every link leads to a page and a heading that exist", () => {
    const broken = pages.flatMap((page) => {
      // Patterns in code spans look like links.
      const text = readFileSync(join(root, page), "utf8").replace(/`[^`\n]*`/g, "``");
      const links = text.matchAll(/\]\(([^)#\s]+)(?:#([^)\s]+))?\)/g);
      return [...links].flatMap(([link, target, anchor]) => {
        const path = normalize(join(dirname(page), target!));
        const found = pages.includes(path) && (anchor === undefined || anchorsOf(path).has(anchor));
        return found ? [] : [`${page}: ${link}`];
      });
    });
    expect(broken).toEqual([]);
  });

  test("every operation has an example on each of its surfaces", () => {
    for (const operation of contract.operations) {
      const titles = ["TypeScript", "Python", "Answer"];
      if (operation.cli) titles.push("CLI");
      if (operation.rest) titles.push("REST");
      if (operation.rpc) titles.push("JSON-RPC");
      if (operation.mcp) titles.push("MCP");
      expect([...examplesOf(operation).keys()].sort(), operation.id).toEqual(titles.sort());
    }
  });

  test("JSON-RPC frames, tool calls and request bodies pass the daemon's validation", () => {
    for (const operation of contract.operations) {
      const examples = examplesOf(operation);
      const check = validators.request(operation.id as Parameters<typeof validators.request>[0]);
      const frame = JSON.parse(examples.get("JSON-RPC") ?? "{}") as { method: string; params: unknown };
      expect(frame.method, operation.id).toBe(operation.rpc);
      expect(check(frame.params), operation.id).toMatchObject({ ok: true });
      const call = examples.get("MCP");
      if (call !== undefined) {
        const { params } = JSON.parse(call) as { params: { arguments: Record<string, unknown> } };
        const wrap = operation.mcp!.wrap;
        expect(check(wrap === null ? params.arguments : params.arguments[wrap])).toMatchObject({ ok: true });
      }
      const body = /--data '(.*)'$/m.exec(examples.get("REST") ?? "")?.[1];
      if (body !== undefined) {
        const fields = operation.rest!.pathFields.map((name) => [
          name,
          (frame.params as Record<string, unknown>)[name],
        ]);
        expect(check({ ...JSON.parse(body), ...Object.fromEntries(fields) }), operation.id).toMatchObject({
          ok: true,
        });
      }
    }
  });

  test("commands and flags exist", () => {
    for (const operation of contract.operations) {
      const line = examplesOf(operation).get("CLI");
      if (line === undefined) continue;
      const command = cliCommands.find((candidate) => candidate.operation === operation.id)!;
      expect(line.startsWith(`parley ${command.command}`), line).toBe(true);
      const known = [...command.flags.map(({ flag }) => flag), "--help"];
      for (const [flag] of line.matchAll(/--[a-z-]+/g)) expect(known, line).toContain(flag);
    }
  });

  test("TypeScript examples compile against the SDK", () => {
    const folder = mkdtempSync(join(tmpdir(), "parley-examples-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const files = contract.operations.map((operation) => {
      const file = join(folder, `${operation.id}.ts`);
      writeFileSync(file, `${examplesOf(operation).get("TypeScript")}\nexport {};\n`);
      return file;
    });
    const program = ts.createProgram(files, {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2024.d.ts", "lib.esnext.disposable.d.ts"],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      paths: { "parley-sdk": [join(root, "sdks/typescript/src/index.ts")] },
      typeRoots: [join(root, "node_modules/@types")],
      types: ["node"],
    });
    const errors = ts
      .getPreEmitDiagnostics(program)
      .filter((diagnostic) => diagnostic.file === undefined || files.includes(diagnostic.file.fileName))
      .map(
        (diagnostic) =>
          `${diagnostic.file?.fileName} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`,
      );
    expect(errors).toEqual([]);
  });

  test("Python examples send the example's request", async () => {
    const codes = contract.operations.map((operation) => JSON.stringify(examplesOf(operation).get("Python")));
    const sent = await runPython("_python_examples.py", codes);
    expect(sent).toEqual(contract.operations.map(({ id, example }) => [[id, example.request]]));
  });
});
