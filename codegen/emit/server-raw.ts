import type { Emitter } from "../contract.js";
import { SourceFile } from "../printer.js";

/** `raw.ts`: byte routes, which are not operations. */
export const emitRaw: Emitter = ({ rawRoutes }) => {
  const file = new SourceFile("src/generated/raw.ts", "schemas/*/*.raw.json");
  const scope = file.importType("Scope", "./operations.js");
  file.doc("A path that serves bytes instead of an operation.");
  file.block("export interface RawRoute {", "}", () => {
    file.print("id: string;");
    file.print("summary: string;");
    file.print("methods: readonly string[];");
    file.print("path: string;");
    file.doc("Path prefixes that belong to it too.");
    file.print("prefixes: readonly string[];");
    file.print(`scope: ${scope} | null;`);
    file.doc("Credentials are needed although no scope is.");
    file.print("authenticated: boolean;");
    file.print("audit: boolean;");
    file.print('host: "check";');
    file.doc("`require`: a browser's request needs an allowed Origin header.");
    file.print('origin: "check" | "require";');
  });
  file.print();
  file.doc("Every byte route.");
  const routes = rawRoutes.map(({ plane: _plane, origin: _file, origin_rule: origin, ...route }) => ({
    ...route,
    origin,
  }));
  file.value("export const rawRoutes: readonly RawRoute[] = ", routes, ";");
  return [file.toOutput()];
};
