import { createInterface } from "node:readline";
import type { Command } from "commander";
import { hostTtl, withClient } from "../client.js";
import { inboundPolicyOf } from "../inbound-policy.js";
import { McpBridge } from "../mcp-bridge.js";
import { markReaderLeft, print, readerLeft } from "../output.js";
import { watchReader } from "../reader-watch.js";

/** How long requests in flight hold up the end of a bridge that was asked to end, milliseconds. */
const endLimitMs = 2_000;

/** A bridge from stdio to the daemon's `/mcp`: one JSON-RPC message a line each way. stdout belongs to the protocol. */
export async function mcp(flags: { name: string; description?: string }, command: Command): Promise<void> {
  await withClient(command, async (client) => {
    const stop = new AbortController();
    const end = (): void => stop.abort();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
    // A client that closes one of its two pipes is gone.
    readerLeft.addEventListener("abort", end);
    const unwatch = watchReader(process.stdout.fd, markReaderLeft);
    const held = await client.holdSession(flags.name, {
      ttl: hostTtl,
      ...inboundPolicyOf(command),
      ...(flags.description === undefined ? {} : { description: flags.description }),
    });
    const write = (message: string): void => print(message);
    const bridge = new McpBridge({ client, session: flags.name, write });
    try {
      for await (const line of createInterface({
        input: process.stdin,
        crlfDelay: Number.POSITIVE_INFINITY,
        signal: stop.signal,
      })) {
        if (line.trim() !== "") await bridge.take(line);
      }
    } finally {
      unwatch();
      // A client that has closed the bridge's input gets its answers; one that ends the bridge does not wait for them.
      await bridge.close(stop.signal.aborted ? endLimitMs : undefined);
      await held.release();
    }
  });
}
