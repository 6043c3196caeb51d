import { expect, test } from "vitest";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { type Fault, FaultyBackend, settle } from "../../../../test/support/simulation.js";
import { World } from "../../../../test/support/world.js";
import type { SendReceipt } from "../../../generated/types.js";
import { openMemory } from "../../../storage/memory/open-memory.js";

/** One send over a store that fails once; the writes before and after it. */
async function sendOnce(
  fault?: Fault,
): Promise<{ from: number; to: number; receipt: SendReceipt; items: number }> {
  const clock = new SimulatedClock();
  const faulty = new FaultyBackend(openMemory({ clock }), fault);
  const world = await World.start({ backend: faulty.backend, clock });
  const bob = await world.host("bob");
  await world.call("sessions.open", { name: "eve", ttl_ms: 60_000 });
  const from = faulty.writes;
  const receipt = await world.call(
    "comms.send",
    { kind: "peer_message", to: "bob", body: "hi" },
    { session: "eve" },
  );
  await settle();
  const to = faulty.writes;
  const items = await bob.drain();
  await world.stop();
  return { from, to, receipt, items: items.length };
}

test.each(["unknown", "unknown_stored"] as const)(
  "[comms.unknown-outcome] an append of which nobody knows (%s) is looked up, never told as a failure, never doubled",
  async (kind) => {
    const { from, to } = await sendOnce();
    expect(to).toBeGreaterThan(from);
    for (let atWrite = from + 1; atWrite <= to; atWrite += 1) {
      const { receipt, items } = await sendOnce({ kind, atWrite });
      expect(receipt).toMatchObject({ kind: "peer_message_sent", acked: true, deduplicated: false });
      expect(items).toBe(1);
    }
  },
);
