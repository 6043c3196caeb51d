import type { SinkHost } from "./host.js";
import type { Ledger } from "./ledger.js";
import type { Life } from "./life.js";
import { readSession } from "./readers.js";
import type { Senders } from "./senders.js";

/**
 * Everything that one store's daemon acknowledged, against what it says after the last kill: each key's first receipt,
 * each send in the inbox or ended, each event once, each interaction begun once and ended at most once.
 */
export async function checkAll(
  life: Life,
  ledger: Ledger,
  parts: { senders: Senders; host: SinkHost; sessionId: string },
): Promise<void> {
  await parts.senders.repeatAll(life);
  // A new holder: what a lost answer left claimed is offered again.
  parts.host.replaceHolder();
  await parts.host.run(life, { workers: 4, toTheEnd: true });
  const seen = ledger.seen.slice();
  ledger.seen.length = 0;
  await readSession(life, ledger, parts.sessionId, false);
  for (const [at, { id }] of seen.entries())
    if (ledger.seen[at]?.id !== id)
      ledger.fail(`position ${at + 1} was ${id} for a reader and is ${ledger.seen[at]?.id}`);
  checkEvents(ledger);
}

function checkEvents(ledger: Ledger): void {
  const started = new Map<string, number>();
  const ended = new Map<string, number>();
  const emitted = new Map<string, number>();
  const add = (counts: Map<string, number>, key: string): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  for (const { kind, interaction, key } of ledger.seen) {
    if (kind === "interaction_started") add(started, interaction);
    else if (ended.has(interaction)) ledger.fail(`${interaction} has a ${kind} after its end`);
    if (kind === "interaction_complete" || kind === "interaction_failed") add(ended, interaction);
    if (key !== "") add(emitted, key);
  }
  for (const { key, interaction } of ledger.sends.values()) {
    if (interaction === undefined) ledger.fail(`${key} never got a receipt`);
    else if (started.get(interaction) !== 1)
      ledger.fail(`${key}, ${interaction}, began ${started.get(interaction) ?? 0} times`);
    else if (ended.get(interaction) !== 1)
      ledger.fail(`${key}, ${interaction}, ended ${ended.get(interaction) ?? 0} times`);
  }
  for (const [key] of ledger.emitted)
    if (!emitted.has(key)) ledger.fail(`the event ${key} was acknowledged and is not in the log`);
  for (const [key, count] of emitted)
    if (count > 1) ledger.fail(`the event ${key} is ${count} times in the log`);
  if (started.size > ledger.sends.size)
    ledger.fail(`${started.size} interactions began for ${ledger.sends.size} keys`);
}
