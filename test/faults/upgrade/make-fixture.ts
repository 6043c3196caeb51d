// Keeps a store of today's schema version, to be opened by all later ones. Run it when a schema version is released:
// node --import ./scripts/ts.mjs test/faults/upgrade/make-fixture.ts
import { existsSync } from "node:fs";
import { migrations } from "../../../src/storage/sqlite/schema.js";
import { fixturePath } from "./fixtures.js";
import { writeStore } from "./known-store.js";

const path = fixturePath(migrations.length);
if (existsSync(path))
  throw new Error(`${path} is there already: a fixture is written once and kept for ever`);
await writeStore(path);
console.log(path);
