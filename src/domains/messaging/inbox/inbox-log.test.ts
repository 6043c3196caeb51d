import { describe, expect, test } from "vitest";
import { HeldStore, methodsOf } from "../../../../test/support/held-store.js";
import { SimulatedClock } from "../../../../test/support/simulated-clock.js";
import { settle } from "../../../../test/support/simulation.js";
import type { Backend } from "../../../kernel/backend.js";
import { openMemory } from "../../../storage/memory/open-memory.js";
import type { InboxEntry } from "./inbox-entry.js";
import { InboxLog } from "./inbox-log.js";

const id = "0190a000-0000-7000-8000-000000000001";

test("[comms.unknown-overtaken] of two appends under one id, the one whose first try was lost learns of the other", async () => {
  const backend = openMemory({ clock: new SimulatedClock() });
  const theirs: InboxEntry = { t: "closed", at: 2 };
  let lost = false;
  const losing = {
    append: async (log, entry) => {
      if (lost) return backend.append(log, entry);
      lost = true;
      return { outcome: "unknown", cause: new Error("lost") };
    },
    read: async (log, options) => {
      const found = await backend.read(log, options);
      if (found.length === 0) await backend.append(log, { id, subject: "", body: JSON.stringify(theirs) });
      return found;
    },
  } satisfies Pick<Backend, "append" | "read"> as unknown as Backend;
  const log = new InboxLog(losing, "bob", () => {});
  expect(await log.append(id, "", { t: "closed", at: 1 })).toEqual({ duplicate: true, entry: theirs });
});

test("[comms.lost-entry] an append behind an entry that the store lost is refused, not waited for", async () => {
  const losing = {
    append: async () => ({ outcome: "committed", seq: 2, duplicate: false }),
    read: async () => [],
  } satisfies Pick<Backend, "append" | "read"> as unknown as Backend;
  const log = new InboxLog(losing, "bob", () => {});
  await expect(log.append(id, "", { t: "closed", at: 1 })).rejects.toMatchObject({ code: "corrupt" });
});

describe("[comms.repeat-in-flight] an entry that is on disk and not answered yet", () => {
  const entry: InboxEntry = { t: "closed", at: 1 };
  const open = (): { store: HeldStore; log: InboxLog; applied: number[] } => {
    const store = new HeldStore(openMemory({ clock: new SimulatedClock() }));
    const applied: number[] = [];
    store.hold(() => true);
    return { store, log: new InboxLog(store.backend, "bob", (seq) => applied.push(seq)), applied };
  };

  test("is not issued again: its repeat waits for it, and is given the first entry when that is applied", async () => {
    const { store, log, applied } = open();
    const first = log.append(id, "", entry);
    const seen = log
      .append(id, "", { ...entry, at: 2 })
      .then((repeat) => ({ repeat, applied: [...applied] }));
    await settle();
    expect(store.held).toHaveLength(1);
    await store.release();
    expect(await first).toEqual({ duplicate: false, entry });
    expect(await seen).toEqual({ repeat: { duplicate: true, entry }, applied: [1] });
  });

  test("is found when it is applied, not before", async () => {
    const { store, log, applied } = open();
    const first = log.append(id, "", entry);
    await store.held[0]!.write();
    const seen = log.find(id).then((found) => ({ found, applied: [...applied] }));
    await settle();
    await store.release();
    await first;
    expect(await seen).toEqual({ found: entry, applied: [1] });
  });

  test("does not stop those behind it when the store lost its answer", async () => {
    const inner = openMemory({ clock: new SimulatedClock() });
    let lost = true;
    const backend: Backend = {
      ...methodsOf(inner),
      append: async (log, one) => {
        const result = await inner.append(log, one);
        if (!lost || one.id !== id) return result;
        lost = false;
        return { outcome: "unknown", cause: new Error("lost") };
      },
    };
    const applied: number[] = [];
    const log = new InboxLog(backend, "bob", (seq) => applied.push(seq));
    const other = "0190a000-0000-7000-8000-000000000002";
    const all = await Promise.all([
      log.append(id, "", entry),
      log.append(other, "", entry),
      log.append(id, "", entry),
    ]);
    expect(all.map(({ duplicate }) => duplicate)).toEqual([false, false, true]);
    expect(applied).toEqual([1, 2]);
  });
});
