import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchDaemon } from "./daemon.js";
import { httpRequest, type LoadSpec } from "./load.js";
import { start } from "./process.js";

/** About 120 bytes, as agents send them. */
export function sendBody(to: string): string {
  return JSON.stringify({ kind: "peer_message", to, body: "x".repeat(72) });
}

/** What a load of durable sends does over REST; connections take turns with the recipients. */
export function sendLoad(
  { port, pid, token }: BenchDaemon,
  ...recipients: readonly string[]
): Pick<LoadSpec, "protocol" | "port" | "pid" | "inFlight" | "head" | "expect"> {
  const headers = { authorization: `Bearer ${token}` };
  return {
    protocol: "http",
    port,
    pid,
    inFlight: 1,
    head: recipients.map((to) => httpRequest("POST", "/comms/send", { body: sendBody(to), headers })),
    expect: "peer_message_sent",
  };
}

/** What one append and sync costs on this disk now, milliseconds. */
export async function syncFloor(preload?: string): Promise<{ rate: number; p50: number; p99: number }> {
  const folder = mkdtempSync(join(tmpdir(), "parley-sync-"));
  try {
    await using child = await start({
      side: "server",
      script: "yardsticks/synced-append.ts",
      args: [folder, "500", "300"],
      env: preload === undefined ? process.env : { ...process.env, LD_PRELOAD: preload },
    });
    return child.ready as { rate: number; p50: number; p99: number };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
