import type { Emitter } from "../contract.js";
import { SourceFile } from "../printer.js";

/** `rpc.ts`: JSON-RPC methods and notifications. */
export const emitRpc: Emitter = ({ operations, events }) => {
  const file = new SourceFile("src/generated/rpc.ts", "schemas/*/*.json");
  const id = file.importType("OperationId", "./operations.js");
  const methods = operations
    .flatMap(({ rpc, id }) => (rpc === null ? [] : [[rpc, id] as const]))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  file.doc("The operation behind each JSON-RPC method; look names from the wire up with `Object.hasOwn`.");
  file.value(`export const rpcMethods: Readonly<Record<string, ${id}>> = `, Object.fromEntries(methods), ";");
  file.print();
  file.doc("The JSON-RPC notification of each event.");
  const notifications = Object.fromEntries(events.map((event) => [event.id, event.rpc]));
  file.value("export const rpcNotifications: Readonly<Record<string, string>> = ", notifications, ";");
  return [file.toOutput()];
};
