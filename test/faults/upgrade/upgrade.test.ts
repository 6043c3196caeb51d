import { expect, test } from "vitest";
import type { Mutation } from "../kit/mutated-bundle.js";
import { seeded } from "../kit/seeded.js";
import { expectHeld } from "../kit/short-form.js";
import { contractTree, programAt, root } from "./contract-tree.js";
import { killedMigrations } from "./killed-migrations.js";
import { previousStores } from "./previous-stores.js";
import { faultRun } from "./run.js";
import { callDaemon, type Versions } from "./versions.js";

test(
  "[upgrade.stores] [upgrade.downgrade] [upgrade.clients] [field.mixed-versions] [upgrade.daemon] stores, daemons and clients of other versions",
  { timeout: 180_000 },
  () => expectHeld(faultRun),
);

test("[upgrade.self-test] a migration of an earlier store that loses a row is found out", async () => {
  const create = "CREATE TABLE recent (";
  const loses = { file: "schema.ts", from: create, to: `DELETE FROM entry WHERE pos & 3 = 2; ${create}` };
  expect((await previousStores([loses])).broken.join("\n")).toMatch(/schema 1, killed at \d+: events/);
});

const faults: [fault: string, mutations: Mutation[], sees: RegExp][] = [
  [
    "a step that loses a row",
    [
      {
        file: "schema.ts",
        from: "INSERT INTO moved SELECT * FROM entry;",
        to: "INSERT INTO moved SELECT * FROM entry WHERE pos % 7919 > 0;",
      },
    ],
    /rows were lost or changed/,
  ],
  [
    "a missing look at the version",
    [{ file: "database-file.ts", from: "version > migrations.length", to: "version < 0" }],
    /a newer store was opened/,
  ],
  [
    "a step without a transaction",
    [
      { file: "database-file.ts", from: "exec(`BEGIN IMMEDIATE; ", to: "exec(`" },
      { file: "database-file.ts", from: "; COMMIT`", to: "`" },
    ],
    /has rows on their way|does not open again/,
  ],
];

test.each(faults)("[upgrade.self-test] %s is found out", { timeout: 60_000 }, async (_, mutations, sees) => {
  const { broken } = await killedMigrations({ cycles: 0, random: seeded(1), mutations });
  expect(broken.join("\n")).toMatch(sees);
});

test("[upgrade.self-test] a daemon that takes every contract is found out", {
  timeout: 120_000,
}, async () => {
  const same = "line(clientVersion) === line(serverVersion)";
  const mutations = [{ file: "src/kernel/contract-check.ts", from: same, to: `${same} || true` }];
  using careless = await contractTree("0.4.0", { mutations });
  const result: Versions = { refused: 0, worked: 0, broken: [], skipped: [] };
  await callDaemon(result, careless, [programAt(root)]);
  expect(result.broken.join("\n")).toMatch(/no client, REST GET: works/);
});
