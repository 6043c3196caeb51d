import { createInterface } from "node:readline";
import type { Command } from "commander";
import { connect, globals } from "../client.js";

/**
 * A bridge from stdio to the daemon's `/mcp`: one JSON-RPC message a line each way. It knows nothing of the tools,
 * so it never has to be upgraded for them. stdout belongs to the protocol.
 */
export async function mcp(flags: { name: string; description?: string }, command: Command): Promise<void> {
  const client = connect({ ...globals(command), as: flags.name });
  const lease = await client.holdSession(
    flags.name,
    flags.description === undefined ? {} : { description: flags.description },
  );
  const pending = new Set<Promise<void>>();
  try {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() === "") continue;
      const answered = client.postMcp(line).then((answer) => {
        if (answer !== "") process.stdout.write(`${answer}\n`);
      });
      pending.add(answered);
      void answered.finally(() => pending.delete(answered));
    }
    await Promise.allSettled(pending);
  } finally {
    await lease.release();
    await client.close();
  }
}
