import type { Contract, Emitter, Operation, TypeDef } from "../contract.js";
import { resolveShape, typeMap } from "../lower.js";
import { propertyKey, quote, SourceFile } from "../printer.js";
import { printOperationTypes, printUnion } from "./operation-types.js";

/** `operations.ts`: what types the dispatcher and the handlers. */
export const emitOperations: Emitter = (contract) => {
  const file = new SourceFile("src/generated/operations.ts", "schemas/*/*.json");
  printOperationTypes(file, contract);
  printScopes(file, contract);
  printSpec(file);
  printPlanes(file, contract);
  file.doc("Everything that the contract says of each operation.");
  const types = typeMap(contract);
  const table = Object.fromEntries(
    contract.operations.map((operation) => [operation.id, spec(operation, hasFields(types, operation))]),
  );
  file.value("export const operations: { readonly [Id in OperationId]: OperationSpec } = ", table, ";");
  return [file.toOutput()];
};

function printScopes(file: SourceFile, { operations }: Contract): void {
  const scopes = [...new Set(operations.flatMap(({ scope }) => scope ?? []))].sort();
  printUnion(file, "What credentials may allow.", "Scope", scopes);
  file.doc("Every scope.");
  file.value("export const scopes: readonly Scope[] = ", scopes, ";");
  file.print();
}

function printSpec(file: SourceFile): void {
  const code = file.importType("ErrorCode", "./errors.js");
  file.doc("What the contract says of a stream: request and event fields by name, null where it has none.");
  file.block("export interface StreamSpec {", "}", () => {
    file.print('source: "log" | "bucket" | "live";');
    file.print("event: string;");
    file.print("closed: string;");
    file.print("close: OperationId;");
    file.doc("Request field to go on after, and the event field that becomes it.");
    file.print("cursor: string | null;");
    file.print("position: string | null;");
    file.doc("Request field that names an earlier stream to replace.");
    file.print("resume: string | null;");
    file.doc("Request field whose false ends the stream after what is there.");
    file.print("follow: string | null;");
    file.print("terminal: { kinds: readonly string[]; scope: string | null } | null;");
  });
  file.print();
  file.doc("What the contract says of an operation.");
  file.block("export interface OperationSpec {", "}", () => {
    file.print("id: OperationId;");
    file.print("plane: PlaneName;");
    file.print("verb: string;");
    file.print("summary: string;");
    file.print('kind: "unary" | "stream";');
    file.print('idempotency: "none" | "natural" | "keyed";');
    file.doc("Where the key lies in the request; only for keyed.");
    file.print("idempotencyPath: readonly string[] | null;");
    file.doc("Whether its request has fields.");
    file.print("hasFields: boolean;");
    file.doc("Class of its time limit.");
    file.print('timeout: "short" | "wait" | "stream";');
    file.doc("null: callable without credentials.");
    file.print("scope: Scope | null;");
    file.doc("Its own codes besides the common ones.");
    file.print(`errors: readonly ${code}[];`);
    file.doc("What a request that does not fit is answered with.");
    file.print('validationError: "invalid_command" | "invalid_request";');
    file.print("audit: boolean;");
    file.doc("JSON-RPC method.");
    file.print("rpc: string | null;");
    file.doc("What a stream declares; null for unary operations.");
    file.print("stream: StreamSpec | null;");
  });
  file.print();
}

function printPlanes(file: SourceFile, { planes, operations }: Contract): void {
  file.doc("Operations by plane and verb.");
  file.block("export interface PlaneOperations {", "}", () => {
    for (const { name: plane } of planes)
      file.block(`${propertyKey(plane)}: {`, "};", () => {
        for (const { id, verb, plane: owner } of operations)
          if (owner === plane) file.print(`${propertyKey(verb)}: ${quote(id)};`);
      });
  });
  file.print();
  file.doc("Name of a plane.");
  file.print("export type PlaneName = keyof PlaneOperations;");
  file.print();
}

function hasFields(types: ReadonlyMap<string, TypeDef>, { request }: Operation): boolean {
  const shape = resolveShape(types, { kind: "ref", name: request });
  return shape.kind !== "object" || shape.properties.length > 0;
}

function spec(operation: Operation, fields: boolean): object {
  const { id, plane, verb, summary, kind, idempotency, idempotencyPath, timeout, scope } = operation;
  const { errors, validationError, audit, rpc, stream } = operation;
  const head = { id, plane, verb, summary, kind, idempotency, idempotencyPath };
  return { ...head, hasFields: fields, timeout, scope, errors, validationError, audit, rpc, stream };
}
