import type { Command } from "commander";
import { ParleyError, PayloadTooLargeError } from "../../../sdks/typescript/src/index.js";
import { boundedLines } from "../bounded-lines.js";
import { BridgeSession } from "../bridge-session.js";
import { connect, explained, globals, hostTtl } from "../client.js";
import { hostOptionsOf } from "../host-options.js";
import { deadBridges, recordBridge } from "../local/bridge-record.js";
import { startOwnDaemon } from "../local/bridge-start.js";
import { McpBridge } from "../mcp-bridge.js";
import { errorAnswer } from "../mcp-message.js";
import { markReaderLeft, note, paint, print, readerLeft } from "../output.js";
import { watchReader } from "../reader-watch.js";
import { reportWaiting } from "../stdin.js";

/** How long the daemon may take to answer a call, milliseconds: many clients give one up after a minute. */
const callLimitMs = 15_000;
/** How long requests in flight hold up the end of a bridge that was asked to end, milliseconds. */
const endLimitMs = 2_000;
/** The daemon refuses messages of more than 1 MiB itself, with their id; of longer ones than this the id is not read. */
const lineLimitBytes = 8 * 1024 * 1024;

export interface McpFlags {
  name: string;
  description?: string;
  start?: boolean;
}

/** A bridge from stdio to the daemon's `/mcp`: one JSON-RPC message a line each way. stdout belongs to the protocol. */
export async function mcp(flags: McpFlags, command: Command): Promise<void> {
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
    process.stdin.destroy();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  // A client that closes one of its two pipes is gone.
  readerLeft.addEventListener("abort", end);
  const unwatch = watchReader(process.stdout.fd, markReaderLeft);
  const quiet = reportWaiting("an MCP client");
  const write = (message: string): void => print(message);
  const link = sessionOf(flags, command);
  const bridge = new McpBridge({ link, write });
  link.onChange = () => bridge.listsChanged();
  link.begin();
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
    await link.end();
  }
}

function sessionOf({ name, description, start }: McpFlags, command: Command): BridgeSession {
  const options = globals(command);
  const daemon = options.baseUrl ?? "";
  return new BridgeSession({
    name,
    connect: () => connect(options, true, callLimitMs),
    hostOptions: () => ({
      ttl: hostTtl,
      ...hostOptionsOf(command),
      ...(description === undefined ? {} : { description }),
    }),
    record: (held, leaseToken) => recordBridge(held, daemon, leaseToken),
    async endPredecessors(held, client) {
      const dead = deadBridges(held, daemon);
      for (const { leaseToken, forget } of dead) {
        try {
          await client.sessions.open({ name: held, lease_token: leaseToken, ttl_ms: 0 });
          forget();
        } catch (error) {
          // Another holder has the name since.
          if (error instanceof ParleyError && !error.retryable) forget();
        }
      }
      return dead.length > 0;
    },
    forgetPredecessors: (held) => {
      for (const { forget } of deadBridges(held, daemon)) forget();
    },
    report: ({ code, message }) => note(paint("red", "error"), ` ${message} `, paint("dim", `[${code}]`)),
    explain: (error) => explained(error, options),
    // A daemon at an address is not this user's to start.
    start: start === true && options.baseUrl === undefined ? startOwnDaemon : undefined,
  });
}

function lineTooLong(): PayloadTooLargeError {
  return new PayloadTooLargeError({
    code: "payload_too_large",
    message: `The message exceeds ${lineLimitBytes} bytes and was dropped; a line holds one JSON-RPC message.`,
  });
}
