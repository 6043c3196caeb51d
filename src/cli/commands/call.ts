import type { Command } from "commander";
import { operations, type UnaryOperationId } from "../../generated/operations.js";
import { parseJson, UsageError } from "../arguments.js";
import { withClient } from "../client.js";
import { printJson } from "../output.js";
import { readJsonFromStdin } from "../stdin.js";

export async function call(operation: string, request: string | undefined, command: Command): Promise<void> {
  if (!Object.hasOwn(operations, operation)) {
    throw new UsageError(
      `there is no operation "${operation}"; those there are: ${Object.keys(operations).join(", ")}`,
    );
  }
  const id = operation as UnaryOperationId;
  if (operations[id].kind !== "unary") throw new UsageError("streams are read with `parley stream`");
  await withClient(command, async (client) =>
    printJson(await client.call(id, await requestFrom(request, operations[id].hasFields))),
  );
}

/** A request that is not given comes from stdin, unless the operation has no fields; `-` asks for stdin in any case. */
function requestFrom(request: string | undefined, hasFields: boolean): unknown {
  if (request !== undefined && request !== "-") return parseJson("the request", request);
  return hasFields || request === "-" ? readJsonFromStdin("the request") : {};
}
