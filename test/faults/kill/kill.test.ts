import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { expectHeld } from "../kit/short-form.js";
import { faultRun, runKills } from "./run.js";

test("[daemon.kill9] kill -9 at random points under load", { timeout: 300_000 }, () => expectHeld(faultRun));

/** Each makes the store do, behind the daemon's back, what a broken daemon would do. */
const sabotages = [
  {
    fault: "a lost append",
    trigger: `AFTER INSERT ON recent WHEN NEW.body LIKE '{"t":"accepted"%' AND NEW.seq % 5 = 0
      BEGIN DELETE FROM recent WHERE n = NEW.n; END`,
    sees: /was acknowledged and then accepted as new/,
  },
  {
    fault: "a doubled execution",
    trigger: `AFTER INSERT ON recent WHEN NEW.body LIKE '{"t":"accepted"%'
      BEGIN UPDATE recent SET id = lower(hex(randomblob(16))) WHERE n = NEW.n; END`,
    sees: /was accepted twice: as/,
  },
  {
    fault: "a skipped sequence",
    trigger: `AFTER INSERT ON recent WHEN NEW.body LIKE '{"sequence":%' AND NEW.seq % 7 = 0
      BEGIN DELETE FROM recent WHERE n = NEW.n; END`,
    sees: /the session's log goes from \d+ to \d+/,
  },
  {
    fault: "a reused fence",
    trigger: `AFTER UPDATE ON counter WHEN NEW.rev > 4 BEGIN UPDATE counter SET rev = 4; END`,
    sees: /was given to two holders|lie above the counter/,
  },
];

describe("[faults.kill-sees] the kill run is red after", () => {
  test.each(sabotages)("$fault", { timeout: 120_000 }, async ({ trigger, sees }) => {
    const sabotage = (path: string): void => {
      const database = new DatabaseSync(path);
      database.exec(`CREATE TRIGGER sabotage ${trigger}`);
      database.close();
    };
    const { broken } = await runKills({ cycles: 3, seed: 1, sabotage });
    expect(broken.join("\n")).toMatch(sees);
  });
});
