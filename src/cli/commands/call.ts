import type { Command } from "commander";
import { operations, type UnaryOperationId } from "../../generated/operations.js";
import { parseJson, readStdin, UsageError } from "../arguments.js";
import { withClient } from "../client.js";
import { printJson } from "../output.js";

export async function call(operation: string, request: string | undefined, command: Command): Promise<void> {
  if (!Object.hasOwn(operations, operation)) {
    throw new UsageError(
      `there is no operation "${operation}"; those there are: ${Object.keys(operations).join(", ")}`,
    );
  }
  const id = operation as UnaryOperationId;
  if (operations[id].kind !== "unary") throw new UsageError("streams are read with `parley stream`");
  const text = request === undefined || request === "-" ? await readStdin() : request;
  await withClient(command, async (client) =>
    printJson(await client.call(id, parseJson("the request", text))),
  );
}
