import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StatementSync } from "node:sqlite";
import { afterEach, expect, test, vi } from "vitest";
import { idOf } from "../_model.js";
import { BatchWriter } from "./batch-writer.js";
import { openDatabase } from "./database-file.js";
import * as protocol from "./protocol.js";
import { Reader } from "./reader.js";

const folder = mkdtempSync(join(tmpdir(), "parley-reader-"));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test("[storage.tail-no-gap] a page goes on after what it holds, also when a commit came while it was read", () => {
  const path = join(folder, "parley.db");
  const database = openDatabase(path);
  const writer = new BatchWriter(database, () => {}, 1);
  const append = (n: number): void => {
    writer.stage([0, protocol.append, "a", idOf(n), "", `${n}`, -1]);
    writer.commit();
    writer.foldWhenDue();
  };
  append(1);
  const reader = new Reader(path);
  const get = StatementSync.prototype.get;
  vi.spyOn(StatementSync.prototype, "get").mockImplementationOnce(function (this: StatementSync, ...values) {
    const lastSeq = get.apply(this, values);
    append(2);
    return lastSeq;
  });
  const page = reader.entries("a", 1, undefined, 10);
  expect(page.items.map(({ seq }) => seq)).toEqual([1, 2]);
  expect(page.next).toBe(3);
  reader.close();
  database.close();
});
