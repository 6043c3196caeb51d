import { expect, onTestFinished, test, vi } from "vitest";
import type { BackendError } from "../../kernel/backend.js";
import { systemClock } from "../../kernel/clock.js";
import * as protocol from "./protocol.js";
import { Writer } from "./writer.js";

const script = vi.hoisted(() => ({ source: "" }));
vi.mock("./writer-script.js", () => ({
  writerScript: () => ({
    url: new URL(`data:text/javascript,${encodeURIComponent(script.source)}`),
    execArgv: [],
  }),
}));

const start: protocol.WriterStart = { path: "unused", faults: [], maxPages: undefined, foldRows: undefined };
const port = `import { parentPort } from "node:worker_threads";`;
const append = (n: number): (string | number)[] => [protocol.append, "log", `${n}`, "", "", -1];

test("[storage.writer-death] what was on its way is unknown, what waited was not written, and close returns", async () => {
  script.source = `${port} parentPort.postMessage({ type: "ready" }); parentPort.on("message", () => process.exit(1));`;
  const fatal: BackendError[] = [];
  const writer = await Writer.start(start, systemClock, (error) => fatal.push(error));
  const first = writer.submit(append(1), 0);
  // The first leaves in the next turn of the loop, before this one is queued.
  await new Promise(setImmediate);
  const second = writer.submit(append(2), 0);
  expect(await first).toMatchObject({ outcome: "unknown", cause: { code: "io" } });
  expect(await second).toMatchObject({ outcome: "failed", error: { code: "io" } });
  expect(await writer.submit(append(3), 0)).toMatchObject({ outcome: "failed", error: { code: "io" } });
  expect(fatal.map(({ code }) => code)).toEqual(["io"]);
  await writer.close();
});

test("[storage.writer-death] a thread that cannot start is a typed refusal", async () => {
  for (const source of ["throw new Error('broken')", "process.exit(0)", "not javascript"]) {
    script.source = source;
    await expect(Writer.start(start, systemClock, () => {})).rejects.toMatchObject({
      name: "BackendError",
      code: "io",
    });
  }
});

test("[storage.group-commit] sends what queued during a commit as one batch, and what one turn brought at once", async () => {
  script.source = `${port}
    let batches = 0;
    parentPort.postMessage({ type: "ready" });
    parentPort.on("message", (batch) => {
      if (batch.length === 0) return parentPort.close();
      const ops = (batch.length - 1) / 6;
      batches++;
      parentPort.postMessage({ type: "done", results: Array.from({ length: ops }, () => [batches, ops]).flat() });
    });`;
  const writer = await Writer.start(start, systemClock, () => {});
  const first = [writer.submit(append(0), 0), writer.submit(append(1), 0)];
  await new Promise(setImmediate);
  const second = Array.from({ length: 10 }, (_, n) => writer.submit(append(n), 0));
  expect(await Promise.all(first)).toEqual(first.map(() => ({ outcome: 1, number: 2 })));
  expect(await Promise.all(second)).toEqual(second.map(() => ({ outcome: 2, number: 10 })));
  await writer.close();
});

test("[storage.defer] what nobody waits for goes along with what somebody waits for, else after a moment", async () => {
  script.source = `${port}
    parentPort.postMessage({ type: "ready" });
    parentPort.on("message", (batch) => {
      if (batch.length === 0) return parentPort.close();
      const ops = (batch.length - 1) / 6;
      parentPort.postMessage({ type: "done", results: Array.from({ length: ops }, () => [1, ops]).flat() });
    });`;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const writer = await Writer.start(start, systemClock, () => {});
  const deferred = [writer.submit(append(0), 0, true), writer.submit(append(1), 0, true)];
  await new Promise(setImmediate);
  expect(vi.getTimerCount()).toBe(1);
  const awaited = writer.submit(append(2), 0);
  expect(await Promise.all([...deferred, awaited])).toEqual(Array(3).fill({ outcome: 1, number: 3 }));
  const alone = writer.submit(append(3), 0, true);
  vi.runAllTimers();
  expect(await alone).toEqual({ outcome: 1, number: 1 });
  const last = writer.submit(append(4), 0, true);
  await Promise.all([last, writer.close()]);
});

test("[storage.fold] keeps what is acknowledged until it is folded, and nothing that was folded or trimmed", async () => {
  const { append, trim, committed, duplicate } = protocol;
  const batch = `{ type: "done", results: [${[committed, 1, committed, 2, duplicate, 1, committed, 1]}] }`;
  script.source = `${port}
    const replies = [
      [${batch}],
      [{ type: "done", results: [${committed}, 0] }],
      [{ type: "done", results: [${committed}, 3] }, { type: "folded" }],
      [{ type: "done", results: [${committed}, 4] }],
    ];
    parentPort.postMessage({ type: "ready" });
    parentPort.on("message", (batch) => {
      if (batch.length === 0) return parentPort.close();
      for (const reply of replies.shift()) parentPort.postMessage(reply);
    });`;
  const writer = await Writer.start(start, systemClock, () => {});
  const seqs = (log: string): number[] | undefined =>
    writer.recent.from(log, 2, undefined, 9)?.items.map(({ seq }) => seq);
  const add = (log: string, id: string): Promise<unknown> => writer.submit([append, log, id, "", "", -1], 0);
  await Promise.all([add("a", "1"), add("a", "2"), add("a", "1"), add("b", "1")]);
  expect([seqs("a"), seqs("b"), seqs("c")]).toEqual([[2], [], undefined]);
  await writer.submit([trim, "a", 2], 0);
  expect(writer.recent.entryById("a", "1")).toBeUndefined();
  expect(seqs("a")).toEqual([2]);
  await add("a", "3");
  await add("a", "4");
  expect([writer.recent.lastSeq("a"), writer.recent.lastSeq("b")]).toEqual([4, 0]);
  expect(writer.recent.entryById("a", "3")).toBeUndefined();
  await writer.close();
});
