import type { Contract, Emitter, Operation } from "../contract.js";
import { propertyKey, quote, SourceFile } from "../printer.js";

/** `operations.ts`: what types the dispatcher and the handlers. */
export const emitOperations: Emitter = (contract) => {
  const file = new SourceFile("src/generated/operations.ts", "schemas/*/*.json");
  printTypes(file, contract);
  printSpec(file);
  printPlanes(file, contract);
  file.doc("Everything that the contract says of each operation.");
  const table = Object.fromEntries(contract.operations.map((operation) => [operation.id, spec(operation)]));
  file.value("export const operations: { readonly [Id in OperationId]: OperationSpec } = ", table, ";");
  return [file.toOutput()];
};

function printTypes(file: SourceFile, { operations, events }: Contract): void {
  const payload = new Map(events.map((event) => [event.id, event.payload]));
  const type = (name: string): string => file.importType(name, "./types.js");
  file.doc("Types of each operation's request, response and events.");
  file.block("export interface OperationTypes {", "}", () => {
    for (const { id, request, response, stream } of operations) {
      const event = stream === null ? undefined : payload.get(stream.event);
      file.block(`${quote(id)}: {`, "};", () => {
        file.print(`request: ${type(request)};`);
        file.print(`response: ${type(response)};`);
        file.print(`event: ${event === undefined ? "never" : type(event)};`);
      });
    }
  });
  file.print();
  file.doc("Id of an operation.");
  file.print("export type OperationId = keyof OperationTypes;");
  file.print();
  const ids = (kind: Operation["kind"]): string[] =>
    operations.filter((operation) => operation.kind === kind).map(({ id }) => id);
  printUnion(file, "Id of an operation that answers once.", "UnaryOperationId", ids("unary"));
  printUnion(file, "Id of an operation that answers with a stream.", "StreamOperationId", ids("stream"));
  const scopes = [...new Set(operations.flatMap(({ scope }) => scope ?? []))].sort();
  printUnion(file, "What credentials may allow.", "Scope", scopes);
  file.doc("Every scope.");
  file.value("export const scopes: readonly Scope[] = ", scopes, ";");
  file.print();
}

function printUnion(file: SourceFile, doc: string, name: string, members: string[]): void {
  file.doc(doc);
  file.union(`export type ${name} = `, members.map(quote));
  file.print();
}

function printSpec(file: SourceFile): void {
  const code = file.importType("ErrorCode", "./errors.js");
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
    file.doc("Ids of the events that a stream sends and of the operation that closes it; its resume cursor.");
    file.print("stream: { event: string; closed: string; close: OperationId; cursor: string } | null;");
  });
  file.print();
}

function printPlanes(file: SourceFile, { planes, operations }: Contract): void {
  file.doc("Operations by plane and verb.");
  file.block("export interface PlaneOperations {", "}", () => {
    for (const plane of planes)
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

function spec(operation: Operation): object {
  const { id, plane, verb, summary, kind, idempotency, idempotencyPath, timeout, scope } = operation;
  const { errors, validationError, audit, rpc, stream } = operation;
  const head = { id, plane, verb, summary, kind, idempotency, idempotencyPath, timeout, scope };
  return { ...head, errors, validationError, audit, rpc, stream };
}
