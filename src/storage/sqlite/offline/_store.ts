import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Backend, NewEntry } from "../../../kernel/backend.js";
import { openSqlite } from "../open-sqlite.js";

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-offline-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const entry = (n: number, body = "x"): NewEntry => ({
  id: `0190a000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`,
  subject: "",
  body,
});

/** Makes a store with so many entries in log `a`, closed again. */
export async function makeStore(path: string, entries: number, body = "x"): Promise<void> {
  await usingStore(path, (store) =>
    Promise.all(Array.from({ length: entries }, (_, n) => store.append("a", entry(n, body)))),
  );
}

export async function usingStore<T>(path: string, body: (store: Backend) => Promise<T>): Promise<T> {
  const store = await openSqlite({ path });
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

/** Positions and bodies of log `a`. */
export function readAll(path: string): Promise<[seq: number, body: string][]> {
  return usingStore(path, async (store) => {
    const found: [number, string][] = [];
    for (;;) {
      const page = await store.read("a", { fromSeq: (found.at(-1)?.[0] ?? 0) + 1, limit: 1024 });
      for (const { seq, body } of page) found.push([seq, body]);
      if (page.length < 1024) return found;
    }
  });
}
