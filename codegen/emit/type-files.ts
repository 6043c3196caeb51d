import type { OutputFile, TypeDef } from "../contract.js";
import { refsOf } from "../lower.js";
import { SourceFile } from "../printer.js";
import { compareText } from "../source.js";

/** The schema files that a module's types come from. */
export function moduleSource(module: string): string {
  return module === "agent-event" ? "schemas/common/agent-event.json" : `schemas/${module}/*.json`;
}

/** `types/<module>.ts` for each module that has types, and `types.ts`, which exports them all. */
export function typeFiles(
  types: readonly TypeDef[],
  folder: string,
  print: (file: SourceFile, type: TypeDef) => void,
): OutputFile[] {
  const owners = new Map(types.map(({ name, module }) => [name, module]));
  const modules = [...new Set(owners.values())].sort(compareText);
  const files = modules.map((module) => {
    const file = new SourceFile(`${folder}/types/${module}.ts`, moduleSource(module));
    const own = types.filter((type) => type.module === module);
    own.forEach((type, index) => {
      if (index > 0) file.print();
      for (const name of refsOf(type.shape)) {
        const owner = owners.get(name);
        if (owner !== module) file.importType(name, `./${owner}.js`);
      }
      print(file, type);
    });
    return file.toOutput();
  });
  const all = new SourceFile(`${folder}/types.ts`, "schemas/*/*.json");
  for (const module of modules) all.print(`export type * from "./types/${module}.js";`);
  return [all.toOutput(), ...files];
}
