import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Backend } from "../../kernel/backend.js";
import { backendConformance } from "../conformance.js";
import { openSqlite } from "./open-sqlite.js";

const folder = mkdtempSync(join(tmpdir(), "parley-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const paths = new WeakMap<Backend, string>();

async function openAt(path: string, clock?: Parameters<typeof openSqlite>[0]["clock"]): Promise<Backend> {
  const backend = await openSqlite(clock ? { path, clock } : { path });
  paths.set(backend, path);
  return backend;
}

backendConformance("sqlite", {
  open: (clock) => openAt(join(folder, `${files++}.db`), clock),
  async reopen(backend, clock) {
    await backend.close();
    return openAt(paths.get(backend)!, clock);
  },
  runs: 25,
});
