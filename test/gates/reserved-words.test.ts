import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { emitSdkPython } from "../../codegen/emit/sdk-python.js";
import { emitSdkTypescript, sdkTypescriptFolder } from "../../codegen/emit/sdk-typescript.js";
import { buildUnchecked } from "../../codegen/load.js";
import { lintSentences, object, operation, tinyContract, toSources } from "../../codegen/tiny-contract.js";
import { pythonPath } from "./_python.js";
import { root } from "./_tree.js";

const verbs = ["delete", "enum", "export", "function", "new", "switch", "this", "typeof", "void"];

describe("[house.keywords] reserved words of TypeScript are methods of both SDKs", () => {
  const files = tinyContract();
  for (const verb of verbs)
    files[`schemas/comms/${verb}.json`] = operation(verb, {
      example: { request: {}, response: {} },
      request: object({}, []),
      response: object({}, []),
    });
  const contract = buildUnchecked(toSources(files), "0.3.0");

  test("the lint lets them through", () => expect(lintSentences(files)).toEqual([]));

  test("in TypeScript", async () => {
    const path = `${sdkTypescriptFolder}/comms.ts`;
    const text = emitSdkTypescript(contract).find((file) => file.path === path)!.text;
    const script = Buffer.from(stripTypeScriptTypes(text)).toString("base64");
    const { CommsResource } = await import(`data:text/javascript;base64,${script}`);
    const client = new CommsResource({ unary: (id: string) => id });
    for (const verb of verbs) expect(client[verb]()).toBe(`comms.${verb}`);
  });

  test("in Python", () => {
    const folder = mkdtempSync(join(tmpdir(), "parley-words-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(join(root, "sdks/python/src/parley"), join(folder, "parley"), { recursive: true });
    for (const { path, text } of emitSdkPython(contract)) {
      const target = join(folder, path.replace("sdks/python/src/", ""));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    const program = [
      "from types import SimpleNamespace",
      "from parley._generated.resources.comms import Comms",
      "comms = Comms(SimpleNamespace(unary=lambda operation, request, **options: operation.id))",
      `print(${verbs.map((verb) => `comms.${verb}()`).join(", ")})`,
    ].join("\n");
    const output = execFileSync(pythonPath(), ["-c", program], { cwd: folder, encoding: "utf8" });
    expect(output.trim().split(" ")).toEqual(verbs.map((verb) => `comms.${verb}`));
  });
});
