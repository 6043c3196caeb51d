import { expect, test } from "vitest";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import type { Backend } from "../../kernel/backend.js";
import { openMemory } from "../../storage/memory/open-memory.js";
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
