import type { Command } from "commander";
import type { Parley } from "../../../sdks/typescript/src/index.js";
import { hostTtl, withClient } from "../client.js";
import { note, paint } from "../output.js";

type Host = ReturnType<Parley["host"]>;
export type Handler = Parameters<Host["serve"]>[0];
export type Interaction = Parameters<Handler>[0];
export type Turn = Parameters<Handler>[1];
type HostOptions = NonNullable<Parameters<Parley["host"]>[1]>;

/** Serves a session until the process is told to stop; what is in work is finished first. */
export async function serve(
  command: Command,
  name: string,
  options: HostOptions,
  handler: Handler,
): Promise<void> {
  await withClient(command, async (client) => {
    const stop = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
    const host = client.host(name, { ttl: hostTtl, ...options });
    await host.open();
    note(paint("dim", `${name} serves; Ctrl-C stops it`, process.stderr));
    await host.serve(handler, { signal: stop.signal });
  });
}

/** The text of an interaction, whatever its kind. */
export function bodyOf(interaction: Interaction): string {
  const content = interaction as unknown as { body?: string; params?: unknown; result?: unknown };
  if (typeof content.body === "string") return content.body;
  const value = content.params ?? content.result ?? null;
  const inner = (value as { body?: unknown } | null)?.body;
  if (typeof inner === "string") return inner;
  return typeof value === "string" ? value : JSON.stringify(value);
}
