import {
  type CommsStreamRequest,
  createClient,
  type Parley,
  ParleyError,
} from "../../../sdks/typescript/src/index.js";
import { operations, type UnaryOperationId } from "../../../src/generated/operations.js";
import type { TestDaemon } from "../../support/daemon.js";
import { errorShape, type Surface } from "../surface.js";

/** The TypeScript SDK over TCP with a token, through its unvalidated `call`. */
export function typescriptSurface(daemon: TestDaemon): Surface {
  const clients = new Map<string, Parley>();
  return {
    name: "ts",
    async call(operation, request, session = "", token = daemon.token) {
      const key = `${session} ${token}`;
      const client =
        clients.get(key) ??
        createClient({
          baseUrl: daemon.address,
          token,
          ...(session === "" ? {} : { session }),
          retries: 0,
        });
      clients.set(key, client);
      try {
        if (operations[operation].kind === "unary")
          return { response: await client.call(operation as UnaryOperationId, request) };
        const stream = client.comms.stream(request as CommsStreamRequest);
        const opened = await stream.opened;
        await stream.close();
        return { response: opened };
      } catch (error) {
        if (!(error instanceof ParleyError)) throw error;
        return { error: errorShape(error.toJSON()) };
      }
    },
    async close() {
      for (const client of clients.values()) client.close();
    },
  };
}
