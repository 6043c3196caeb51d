import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { Parley } from "../../../sdks/typescript/src/index.js";
import { hostTtl, withClient } from "../client.js";

/**
 * A bridge from stdio to the daemon's `/mcp`: one JSON-RPC message a line each way. It knows nothing of the tools,
 * so it never has to be upgraded for them. stdout belongs to the protocol.
 */
export async function mcp(flags: { name: string; description?: string }, command: Command): Promise<void> {
  await withClient(command, async (client) => {
    const stop = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
    const held = await client.holdSession(flags.name, {
      ttl: hostTtl,
      ...(flags.description === undefined ? {} : { description: flags.description }),
    });
    const pending = new Set<Promise<void>>();
    try {
      for await (const line of createInterface({
        input: process.stdin,
        crlfDelay: Number.POSITIVE_INFINITY,
        signal: stop.signal,
      })) {
        if (line.trim() === "") continue;
        const answered = answer(client, line, flags.name);
        pending.add(answered);
        void answered.finally(() => pending.delete(answered));
      }
      await Promise.all(pending);
    } finally {
      await held.release();
    }
  });
}

/** A daemon that is away becomes a JSON-RPC error, so that the agent's client hears of it and stays connected. */
async function answer(client: Parley, message: string, session: string): Promise<void> {
  let text: string;
  try {
    text = await client.postMcp(message, { session });
  } catch (error) {
    const id = idOf(message);
    if (id === undefined) return;
    text = JSON.stringify({ jsonrpc: "2.0", id, error: { code: -31070, message: (error as Error).message } });
  }
  if (text !== "") process.stdout.write(`${text}\n`);
}

function idOf(message: string): unknown {
  try {
    return (JSON.parse(message) as { id?: unknown }).id;
  } catch {
    return null;
  }
}
