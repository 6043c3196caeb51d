import type { Contract, Operation } from "../contract.js";
import { quote, type SourceFile } from "../printer.js";

/** Prints the types that name operations and what they take and give: the same for the server and its TypeScript SDK. */
export function printOperationTypes(file: SourceFile, { operations, events }: Contract): void {
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
}

/** Prints a union of texts under a name. */
export function printUnion(file: SourceFile, doc: string, name: string, members: readonly string[]): void {
  file.doc(doc);
  file.union(`export type ${name} = `, members.map(quote));
  file.print();
}
