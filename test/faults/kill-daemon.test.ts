import { describe, expect, test } from "vitest";
import { createClient, type Parley } from "../../sdks/typescript/src/index.js";
import { startDaemon } from "../support/daemon.js";

/** More by command: `KILL_CYCLES=300 npm test -- faults`. */
const cycles = Number(process.env.KILL_CYCLES ?? 12);
const seed = Number(process.env.KILL_SEED ?? Date.now() % 2 ** 31);

describe("[daemon.kill9] kill -9 at random points under load", () => {
  test(
    `${cycles} cycles, seed ${seed}: no receipt lost, none doubled per key, logs contiguous`,
    async () => {
      const random = mulberry(seed);
      await using daemon = await startDaemon({ config: "[comms]\ninbox_max = 1000000" });
      const connect = (): Parley => createClient({ socketPath: daemon.socketPath, retries: 0 });
      const leaseToken = "the-token-of-the-only-holder";
      let client = connect();
      const { session } = await client.sessions.open({
        name: "sink",
        lease_token: leaseToken,
        ttl_ms: 86_400_000,
      });
      const acked = new Map<string, string>();
      let next = 0;
      for (let cycle = 0; cycle < cycles; cycle++) {
        let running = true;
        const sender = async (): Promise<void> => {
          while (running) {
            const key = `key-${next++}`;
            try {
              const receipt = await client.send(command(key), { idempotencyKey: key });
              acked.set(key, interactionOf(receipt));
            } catch {
              // Not acknowledged: it may or may not be there, which the repeat below settles.
              return;
            }
          }
        };
        const senders = Array.from({ length: 16 }, sender);
        const before = acked.size;
        const target = before + 1 + Math.floor(random() * 150);
        while (acked.size < target) await new Promise((resolve) => setImmediate(resolve));
        await daemon.stop("SIGKILL");
        running = false;
        await Promise.all(senders);
        await client.close();
        await daemon.restart();
        client = connect();
      }
      // Every key again: what was acknowledged gives its first receipt.
      for (const [key, interaction] of acked) {
        const receipt = await client.send(command(key), { idempotencyKey: key });
        expect(receipt).toMatchObject({ deduplicated: true, interaction_id: interaction });
      }
      const bodies = new Map<string, number>();
      for (;;) {
        const { claim, interactions } = await client.sessions.drain({
          name: "sink",
          lease_token: leaseToken,
          max: 64,
        });
        if (claim === undefined) break;
        for (const interaction of interactions) {
          const { params } = interaction as unknown as { params: { key: string } };
          bodies.set(params.key, (bodies.get(params.key) ?? 0) + 1);
          await client.sessions.settle({
            name: "sink",
            claim_token: claim.token,
            interaction_id: (interaction as { interaction_id: string }).interaction_id,
            outcome: { kind: "done" },
          });
        }
      }
      expect([...acked.keys()].filter((key) => !bodies.has(key))).toEqual([]);
      expect([...bodies].filter(([, count]) => count !== 1)).toEqual([]);
      const sequences: number[] = [];
      const log = client.stream(
        { kind: "session", session_id: session.session_id },
        { afterSequence: 0, follow: false },
      );
      let kinds = 0;
      for await (const event of log) {
        if (event.sequence === undefined) continue;
        sequences.push(event.sequence);
        if (event.event.kind === "interaction_started") kinds += 1;
      }
      expect(sequences).toEqual(sequences.map((_, index) => sequences[0]! + index));
      expect(kinds).toBeGreaterThan(0);
      console.log(
        `kill -9: ${cycles} cycles, ${acked.size} acknowledged, ${bodies.size} in the inbox, 0 lost, 0 doubled`,
      );
      await client.close();
    },
    Math.max(120_000, cycles * 6_000),
  );
});

function command(key: string) {
  return {
    kind: "peer_request",
    to: "sink",
    intent: "count",
    params: { key },
    options: { idempotency_key: key },
  } as const;
}

function interactionOf(receipt: object): string {
  return (receipt as { interaction_id: string }).interaction_id;
}

/** A small seeded generator, so that a failure replays from its printed seed. */
function mulberry(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
