import type { Command } from "commander";
import type { Parley } from "../../../sdks/typescript/src/index.js";
import { UsageError } from "../arguments.js";
import { hostTtl, withClient } from "../client.js";
import { hostOptionsOf } from "../host-options.js";
import { note, paint } from "../output.js";

type Host = ReturnType<Parley["host"]>;
type SdkHandler = Parameters<Host["serve"]>[0];
export type Interaction = Parameters<SdkHandler>[0];
export type Turn = Parameters<SdkHandler>[1];
type HostOptions = NonNullable<Parameters<Parley["host"]>[1]>;

/**
 * Does the work of one interaction. `signal` aborts when the work is void: cancelled, lost, or the host ends at once;
 * `hostEnds` only for the last of these.
 */
export type Handler = (
  interaction: Interaction,
  turn: Turn,
  signal: AbortSignal,
  hostEnds: AbortSignal,
) => Promise<void>;

export interface ServeOptions extends HostOptions {
  /** Whether the first Ctrl-C ends the work at once; default false: it lets the work finish, as SIGTERM does. */
  endsOnInterrupt?: boolean;
}

/** Whether the interaction has its answer already, by other means than this turn. */
export function isAnswered({ signal }: Turn): boolean {
  return signal.aborted && (signal.reason as { code?: unknown } | undefined)?.code === "interaction_ended";
}

/**
 * Serves a session until the process is asked to stop. The first signal lets the work in flight finish; the second one, or
 * the end of the terminal, aborts it and gives it back to the inbox.
 */
export async function serve(
  command: Command,
  name: string,
  { endsOnInterrupt = false, ...options }: ServeOptions,
  handler: Handler,
): Promise<void> {
  await withClient(command, async (client) => {
    let working = 0;
    let stopping = false;
    const hostEnds = new AbortController();
    const say = (text: string): void => note(paint("dim", text));
    const host = client.host(name, {
      ttl: hostTtl,
      onError: (error, { interaction_id }) => say(`${interaction_id} ${String(error)}`),
      onOutage: (error) => say(`${error.message} ${name} keeps what it has to report and tries again.`),
      onRecovery: () => say(`The daemon answers again; ${name} continues.`),
      ...hostOptionsOf(command),
      ...options,
    });
    const onSignal = (signal: NodeJS.Signals): void => {
      const now = stopping || signal === "SIGHUP" || (signal === "SIGINT" && endsOnInterrupt);
      if (!now && working > 0)
        note(`${name} finishes the work in flight; Ctrl-C once more gives it back to the inbox`);
      stopping = true;
      if (now) hostEnds.abort();
      void (now ? host.abort() : host.stop());
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
    await host.open();
    if (stopping) return;
    say(`${name} serves; Ctrl-C stops it`);
    await host.serve(async (interaction, turn) => {
      working += 1;
      try {
        await handler(interaction, turn, turn.signal, hostEnds.signal);
      } finally {
        working -= 1;
      }
    });
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

/** Says that the command's content has reached what does the work. */
export function ingested({ envelope_id, from, kind }: Interaction, turn: Turn): Promise<void> {
  return turn.emit({ kind: "peer_content_ingested", envelope_id, from, command: kind });
}

/** `--concurrency` as a number. */
export function concurrencyOf(text: string): number {
  const concurrency = Number(text);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64)
    throw new UsageError("--concurrency takes 1 to 64");
  return concurrency;
}
