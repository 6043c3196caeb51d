import type { Emitter } from "../contract.js";
import { SourceFile } from "../printer.js";

/** `rest.ts`: routes of the HTTP surface. */
export const emitRest: Emitter = ({ operations }) => {
  const file = new SourceFile("src/generated/rest.ts", "schemas/*/*.json");
  const id = file.importType("OperationId", "./operations.js");
  file.doc("A request field that travels in the query string.");
  file.block("export interface RestQueryField {", "}", () => {
    file.doc("Name in the query string.");
    file.print("name: string;");
    file.doc("Path of the field in the request.");
    file.print("path: readonly string[];");
    file.doc("`tag` carries the `kind` of a union whose fields stand beside it.");
    file.print('type: "string" | "integer" | "boolean" | "tag" | "json";');
    file.print("required: boolean;");
  });
  file.print();
  file.doc("How an operation is called over HTTP.");
  file.block("export interface RestRoute {", "}", () => {
    file.print(`operation: ${id};`);
    file.print('method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";');
    file.doc("With `:field` for path fields.");
    file.print("path: string;");
    file.doc("Status of success.");
    file.print("status: number;");
    file.print("pathFields: readonly string[];");
    file.doc("Where the request's other fields lie.");
    file.print('in: "body" | "query";');
    file.print("queryFields: readonly RestQueryField[];");
    file.doc("The `Idempotency-Key` header is taken as the key.");
    file.print("idempotencyHeader: boolean;");
  });
  file.print();
  file.doc("Every route.");
  const routes = operations.flatMap(({ id, rest }) => {
    if (rest === null) return [];
    const { method, status, pathFields, queryFields, idempotencyHeader } = rest;
    const path = rest.path.replace(/\{([^}]*)\}/g, ":$1");
    return [
      { operation: id, method, path, status, pathFields, in: rest.rest, queryFields, idempotencyHeader },
    ];
  });
  file.value("export const restRoutes: readonly RestRoute[] = ", routes, ";");
  return [file.toOutput()];
};
