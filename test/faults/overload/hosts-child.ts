import { createClient } from "../../../sdks/typescript/src/index.js";

/** Works off the inboxes of some sessions, as hosts do; told by its parent when no more will come. */
const [socketPath, sessions, leaseToken] = process.argv.slice(2) as [string, string, string];
/** Of one host; together they stay below what the daemon lets in. */
const settlesAtOnce = 12;
const drained = new Set<string>();
let doubled = 0;
let closing = false;
process.once("message", () => {
  closing = true;
});

await Promise.all(sessions.split(",").map(host));
process.send?.({ drained: drained.size, doubled });
process.disconnect();

async function host(name: string): Promise<void> {
  const client = createClient({ socketPath, retries: 10 });
  const underWay: Promise<unknown>[] = [];
  for (;;) {
    const last = closing;
    const { claim, interactions } = await client.sessions.drain({
      name,
      lease_token: leaseToken,
      max: 64,
      wait_ms: 100,
    });
    if (claim === undefined && last) break;
    for (const { interaction_id: id } of interactions as { interaction_id: string }[]) {
      if (drained.has(id)) doubled += 1;
      drained.add(id);
    }
    for (const { interaction_id: id } of interactions as { interaction_id: string }[]) {
      const settling = client.sessions.settle({
        name,
        claim_token: claim!.token,
        interaction_id: id,
        outcome: { kind: "done" },
      });
      underWay.push(settling);
      if (underWay.length === settlesAtOnce) await underWay.shift();
    }
  }
  await Promise.all(underWay);
  await client.close();
}
