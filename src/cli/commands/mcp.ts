import type { Command } from "commander";
import { PayloadTooLargeError } from "../../../sdks/typescript/src/index.js";
import { boundedLines } from "../bounded-lines.js";
import { hostTtl, withClient } from "../client.js";
import { inboundPolicyOf } from "../inbound-policy.js";
import { McpBridge } from "../mcp-bridge.js";
import { errorAnswer } from "../mcp-message.js";
import { markReaderLeft, print, readerLeft } from "../output.js";
import { watchReader } from "../reader-watch.js";
import { reportWaiting } from "../stdin.js";

/** How long requests in flight hold up the end of a bridge that was asked to end, milliseconds. */
const endLimitMs = 2_000;
/** The daemon refuses messages of more than 1 MiB itself, with their id; of longer ones than this the id is not read. */
const lineLimitBytes = 8 * 1024 * 1024;

/** A bridge from stdio to the daemon's `/mcp`: one JSON-RPC message a line each way. stdout belongs to the protocol. */
export async function mcp(flags: { name: string; description?: string }, command: Command): Promise<void> {
  await withClient(command, async (client) => {
    const stop = new AbortController();
    const end = (): void => {
      stop.abort();
      process.stdin.destroy();
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
    // A client that closes one of its two pipes is gone.
    readerLeft.addEventListener("abort", end);
    const unwatch = watchReader(process.stdout.fd, markReaderLeft);
    const held = await client.holdSession(flags.name, {
      ttl: hostTtl,
      ...inboundPolicyOf(command),
      ...(flags.description === undefined ? {} : { description: flags.description }),
    });
    const quiet = reportWaiting("an MCP client");
    const write = (message: string): void => print(message);
    const bridge = new McpBridge({ client, session: flags.name, write });
    try {
      for await (const line of boundedLines(process.stdin, lineLimitBytes)) {
        quiet.stop();
        if (line === undefined) write(errorAnswer(null, lineTooLong()));
        else if (line.trim() !== "") await bridge.take(line);
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      quiet.stop();
      unwatch();
      // A client that has closed the bridge's input gets its answers; one that ends the bridge does not wait for them.
      await bridge.close(stop.signal.aborted ? endLimitMs : undefined);
      await held.release();
    }
  });
}

function lineTooLong(): PayloadTooLargeError {
  return new PayloadTooLargeError({
    code: "payload_too_large",
    message: `The message exceeds ${lineLimitBytes} bytes and was dropped; a line holds one JSON-RPC message.`,
  });
}
