import type { Contract, Operation, OutputFile } from "../contract.js";
import { SourceFile } from "../printer.js";
import { printOperationTypes } from "./operation-types.js";
import { readersOf } from "./sdk-typescript-readers.js";

/** `operations.ts`: how the runtime calls each operation. */
export function printOperations(contract: Contract, folder: string): OutputFile {
  const file = new SourceFile(`${folder}/operations.ts`, "schemas/*/*.json");
  const payloads = new Map(contract.events.map((event) => [event.id, event]));
  printOperationTypes(file, contract);
  const readers = readersOf(contract.types);
  const entry = file.importType("OperationEntry", "../runtime/operation.js");
  const wires = new Map(contract.planes.map(({ name, wire }) => [name, wire]));
  const table = contract.operations.map((operation) => [
    operation.id,
    { ...entryOf(operation, payloads, readers), wire: wires.get(operation.plane) },
  ]);
  file.doc("How each operation is called.");
  file.value(
    `export const operations: { readonly [Id in OperationId]: ${entry} } = `,
    Object.fromEntries(table),
    ";",
  );
  return file.toOutput();
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
            position: stream.position,
            resume: stream.resume,
            follow: stream.follow,
            terminal: stream.terminal,
            reader: reader(event?.payload),
          },
  };
}
