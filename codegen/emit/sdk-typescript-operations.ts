import type { Contract, Operation, OutputFile } from "../contract.js";
import { lineWidth, quote, SourceFile } from "../printer.js";
import { readersOf } from "./sdk-typescript-readers.js";

/** `operations.ts`: how the runtime calls each operation. */
export function printOperations(contract: Contract, folder: string): OutputFile {
  const file = new SourceFile(`${folder}/operations.ts`, "schemas/*/*.json");
  const payloads = new Map(contract.events.map((event) => [event.id, event]));
  const type = (name: string): string => file.importType(name, "./types.js");
  file.doc("Types of each operation's request, response and events.");
  file.block("export interface OperationTypes {", "}", () => {
    for (const { id, request, response, stream } of contract.operations) {
      const event = stream === null ? undefined : payloads.get(stream.event)?.payload;
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
  printIds(file, "Id of an operation that answers once.", "UnaryOperationId", contract, "unary");
  printIds(file, "Id of an operation that answers with a stream.", "StreamOperationId", contract, "stream");
  const readers = readersOf(contract.types);
  const entry = file.importType("OperationEntry", "../runtime/operation.js");
  const table = contract.operations.map((operation) => [operation.id, entryOf(operation, payloads, readers)]);
  file.doc("How each operation is called.");
  file.value(
    `export const operations: { readonly [Id in OperationId]: ${entry} } = `,
    Object.fromEntries(table),
    ";",
  );
  return file.toOutput();
}

function printIds(
  file: SourceFile,
  doc: string,
  name: string,
  contract: Contract,
  kind: Operation["kind"],
): void {
  const ids = contract.operations.filter((operation) => operation.kind === kind).map(({ id }) => quote(id));
  const line = `export type ${name} = ${ids.join(" | ") || "never"};`;
  file.doc(doc);
  if (line.length <= lineWidth) file.print(line);
  else {
    file.print(`export type ${name} =`);
    ids.forEach((id, index) => {
      file.print(`  | ${id}${index === ids.length - 1 ? ";" : ""}`);
    });
  }
  file.print();
}

function entryOf(
  operation: Operation,
  events: Map<string, { rpc: string; payload: string }>,
  readers: ReadonlyMap<string, unknown>,
): object {
  const { id, plane, kind, idempotency, idempotencyPath: keyPath, timeout, rpc, rest, stream } = operation;
  const reader = (name: string | undefined): string | null =>
    name !== undefined && readers.has(name) ? name : null;
  const event = stream === null ? undefined : events.get(stream.event);
  return {
    id,
    plane,
    kind,
    idempotency,
    keyPath,
    timeout,
    rpc,
    rest:
      rest === null
        ? null
        : {
            method: rest.method,
            path: rest.path,
            pathFields: rest.pathFields,
            in: rest.rest,
            queryFields: rest.queryFields.map(({ name, path, type }) => ({ name, path, type })),
          },
    reader: reader(operation.response),
    stream:
      stream === null
        ? null
        : {
            event: event?.rpc,
            closed: events.get(stream.closed)?.rpc,
            close: stream.close,
            cursor: stream.cursor,
            reader: reader(event?.payload),
          },
  };
}
