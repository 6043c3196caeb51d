import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillStore } from "./fill-store.js";
import { bareStartMs, mustStart, type OwnDaemon, residentMiB } from "./own-daemon.js";
import { expectThat, type PartOptions } from "./part.js";

const restarts = 3;
/** The one inbox must not be full: so many less than asked for. */
const room = 8;
/** Calls until one is answered in its time. */
const mostAsked = 20;

/** Starts on many messages, in one inbox and in many: nothing is missing, and how long and how large it is. */
export async function restartPart(options: PartOptions): Promise<void> {
  const { figures } = options.seen;
  const bare = await bareStartMs();
  figures.node_ms = Math.round(bare);
  figures.bar_ms = Math.round(2 * bare + 500);
  await restartOn(options, "one_inbox", 1);
  await restartOn(options, "many_inboxes", Math.max(1, Math.min(10_000, Math.round(options.messages / 100))));
}

async function restartOn(
  { messages, random, seen }: PartOptions,
  name: string,
  inboxes: number,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "parley-restart-"));
  const store = join(folder, "parley.db");
  try {
    const first = await mustStart(folder, store);
    await first.call("POST", "/sessions", { name: "bob" });
    await first.send(0);
    await first.stop();
    fillStore(store, inboxes, messages - room);
    const ready: number[] = [];
    for (let n = 0; n < restarts; n++) {
      const daemon = await mustStart(folder, store);
      ready.push(daemon.readyMs);
      const last = n === restarts - 1;
      if (last) {
        seen.figures[`${name}_rss_ready_mib`] = residentMiB(daemon.pid).now;
        // An inbox that has nothing to do with the many, then one of theirs.
        for (const [to, what] of [
          ["bob", "first_send"],
          [`s${random.between(0, inboxes - 1)}`, "filled_inbox_send"],
        ]) {
          const started = performance.now();
          const { status } = await insist(daemon, "POST", "/comms/send", {
            kind: "peer_message",
            to,
            body: "one more",
            options: { idempotency_key: `${what} to ${to}` },
          });
          seen.figures[`${name}_${what}_ms`] = Math.round(performance.now() - started);
          expectThat(seen, status === 200, `${name}: a send to ${to} after the start got ${status}`);
        }
        const started = performance.now();
        const { status, body } = await insist(daemon, "GET", "/sessions");
        seen.figures[`${name}_list_ms`] = Math.round(performance.now() - started);
        expectThat(seen, status === 200, `${name}: the list of sessions got ${status}`);
        const { sessions = [] } = body as { sessions?: { unread: number }[] };
        const unread = sessions.reduce((sum, session) => sum + session.unread, 0);
        // That to bob, the multiplied ones and the two just sent.
        const accepted = 1 + messages - room + 2;
        expectThat(seen, unread === accepted, `${name}: ${unread} unread, ${accepted} were accepted`);
        const { now, peak } = residentMiB(daemon.pid);
        seen.figures[`${name}_rss_touched_mib`] = now;
        if (peak !== undefined) seen.figures[`${name}_rss_peak_mib`] = peak;
      }
      const code = await daemon.stop();
      expectThat(seen, code === 0, `${name}: the stop ended with ${code}`);
    }
    seen.figures[`${name}_ready_ms`] = Math.round(ready.sort((a, b) => a - b)[restarts >> 1]!);
    seen.figures[`${name}_store_mib`] = Math.round(statSync(store).size / 2 ** 20);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks again when the deadline of a call was too short for the largest logs on a slow machine. */
async function insist(
  daemon: OwnDaemon,
  ...[method, path, request]: Parameters<OwnDaemon["call"]>
): ReturnType<OwnDaemon["call"]> {
  for (let asked = 1; ; asked++) {
    const answer = await daemon.call(method, path, request);
    if (answer.status !== 504 || asked === mostAsked) return answer;
  }
}
