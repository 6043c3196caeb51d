import type { Command } from "commander";
import type { Parley } from "../../../sdks/typescript/src/index.js";
import { UsageError } from "../arguments.js";
import { hostTtl, withClient } from "../client.js";
import { inboundPolicyOf } from "../inbound-policy.js";
import { note, paint, printable } from "../output.js";

type Host = ReturnType<Parley["host"]>;
type SdkHandler = Parameters<Host["serve"]>[0];
export type Interaction = Parameters<SdkHandler>[0];
export type Turn = Parameters<SdkHandler>[1];
type HostOptions = NonNullable<Parameters<Parley["host"]>[1]>;

/** Does the work of one interaction. The signal aborts when the work is void: cancelled, lost, or the host ends now. */
export type Handler = (interaction: Interaction, turn: Turn, signal: AbortSignal) => Promise<void>;

/**
 * Serves a session until the process is told to stop. The first signal lets what is in work finish; the second one, or
 * the end of the terminal, aborts it and gives it back to the inbox.
 */
export async function serve(
  command: Command,
  name: string,
  options: HostOptions,
  handler: Handler,
): Promise<void> {
  await withClient(command, async (client) => {
    const stop = new AbortController();
    const now = new AbortController();
    let working = 0;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stop.signal.aborted || signal === "SIGHUP") now.abort();
      else if (working > 0)
        note(`${name} finishes what it has in work; once more gives it back to the inbox`);
      stop.abort();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
    const onError: NonNullable<HostOptions["onError"]> = (error, { interaction_id }) =>
      note(paint("dim", `${interaction_id} ${printable(String(error))}`, process.stderr));
    const host = client.host(name, { ttl: hostTtl, onError, ...inboundPolicyOf(command), ...options });
    await host.open();
    note(paint("dim", `${name} serves; Ctrl-C stops it`, process.stderr));
    const work = async (interaction: Interaction, turn: Turn): Promise<void> => {
      working += 1;
      try {
        await handler(interaction, turn, AbortSignal.any([turn.signal, now.signal]));
      } catch (error) {
        if (!now.signal.aborted || turn.signal.aborted || turn.settled) throw error;
        await turn.retryAfter(0);
      } finally {
        working -= 1;
      }
    };
    await host.serve(work, { signal: stop.signal });
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
