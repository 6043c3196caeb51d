import type { Emitter } from "../contract.js";
import { SourceFile } from "../printer.js";
import { printUnion } from "./operation-types.js";

/** `raw.ts`: byte routes, which are not operations. */
export const emitRaw: Emitter = ({ rawRoutes }) => {
  const file = new SourceFile("src/generated/raw.ts", "schemas/*/*.raw.json");
  const scope = file.importType("Scope", "./operations.js");
  const code = file.importType("ErrorCode", "./errors.js");
  const ids = rawRoutes.map(({ id }) => id);
  const upgraded = rawRoutes.filter(({ upgrade }) => upgrade !== null).map(({ id }) => id);
  printUnion(file, "Ids of the byte routes.", "RawRouteId", ids);
  printUnion(
    file,
    "Ids of the byte routes that a connection may be upgraded on.",
    "UpgradeRouteId",
    upgraded,
  );
  file.doc("A path that serves bytes instead of an operation.");
  file.block("export interface RawRoute {", "}", () => {
    file.print("id: RawRouteId;");
    file.print("summary: string;");
    file.print("methods: readonly string[];");
    file.print("path: string;");
    file.doc("Path prefixes that belong to it too.");
    file.print("prefixes: readonly string[];");
    file.doc("GET opens this protocol by an upgrade.");
    file.print('upgrade: "websocket" | null;');
    file.print(`scope: ${scope} | null;`);
    file.doc("Kinds of principal that may call; empty: callable without credentials.");
    file.print('credentials: readonly ("local" | "token" | "browser")[];');
    file.doc("Key of the config that, when true, opens the route to calls without credentials.");
    file.print("openedBy: string | null;");
    file.doc("Its own codes besides the common ones.");
    file.print(`errors: readonly ${code}[];`);
    file.doc("Media types that a body may have; empty: bodies are not read.");
    file.print("request: readonly string[];");
    file.doc("Media types that an answer may have; empty: answers have no body.");
    file.print("response: readonly string[];");
    file.doc("Longest body in bytes; null: the config's `limits.body_bytes`.");
    file.print("maxBytes: number | null;");
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
