import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { SimulatedClock } from "../../test/support/simulated-clock.js";
import type { AppendResult, Backend, KeyChangeEvent, LogEntry } from "../kernel/backend.js";
import type { Clock } from "../kernel/clock.js";
import { commands, emptyModel, idOf, type Real } from "./_model.js";
import { expiredKeptMs, sweepEveryMs, tombstoneKeptMs } from "./retention.js";

/** An engine that the suite can open on fresh storage, and open again on the same when it outlives the process. */
export interface Engine {
  open(clock?: Clock): Promise<Backend>;
  reopen?(backend: Backend, clock?: Clock): Promise<Backend>;
  /** How many random command sequences to run. */
  runs: number;
}

/** The backend port's semantics, checked on an engine: every engine passes the same suite. */
export function backendConformance(name: string, engine: Engine): void {
  const opened: Backend[] = [];
  const open = async (clock?: Clock): Promise<Backend> => {
    const backend = await engine.open(clock);
    opened.push(backend);
    return backend;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((backend) => backend.close()));
  });

  describe(`${name} backend`, () => {
    test("[storage.model] answers every command sequence as the model does", {
      timeout: 120_000,
    }, async () => {
      const property = fc.asyncProperty(commands(), async (sequence) => {
        const real: Real = {
          backend: await engine.open(),
          async reopen() {
            if (engine.reopen) this.backend = await engine.reopen(this.backend);
          },
        };
        try {
          await fc.asyncModelRun(() => ({ model: emptyModel(), real }), sequence);
        } finally {
          await real.backend.close();
        }
      });
      await fc.assert(property, { numRuns: engine.runs });
    });

    test("[storage.append-durable] counts positions from 1 per log and keeps the last one after a trim", async () => {
      const backend = await open();
      const seqs = [];
      for (let n = 0; n < 3; n++)
        seqs.push(await backend.append("a", { id: idOf(n), subject: "", body: "x" }));
      expect(seqs.map((result) => result.outcome === "committed" && result.seq)).toEqual([1, 2, 3]);
      expect(await backend.append("b", { id: idOf(0), subject: "", body: "x" })).toMatchObject({ seq: 1 });
      await backend.trim("a", { beforeSeq: 100 });
      expect(await backend.read("a", { fromSeq: 0, limit: 10 })).toEqual([]);
      expect(await backend.lastSeq("a")).toBe(3);
      expect(await backend.append("a", { id: idOf(9), subject: "", body: "x" })).toMatchObject({ seq: 4 });
    });

    test("[storage.empty] answers for what was never written as for what is empty", async () => {
      const backend = await open();
      expect(await backend.read("none", { fromSeq: 0, limit: 10 })).toEqual([]);
      expect(await backend.read("none", { fromSeq: 0, subject: "s", limit: 10 })).toEqual([]);
      expect(await backend.read("none", { fromSeq: 0, id: idOf(1), limit: 1 })).toEqual([]);
      expect(await backend.lastSeq("none")).toBe(0);
      await backend.trim("none", { beforeSeq: 5 });
      expect(await backend.get("none", "k")).toBeUndefined();
      expect((await backend.list("none")).entries).toEqual([]);
      expect(await backend.cas("none", "k", { expectRev: 7, value: "v" })).toEqual({
        outcome: "conflict",
        rev: 0,
      });
      const first = collectTail(backend, 0, undefined, 1);
      await backend.append("a", { id: idOf(1), subject: "", body: "x" });
      expect(await first).toMatchObject([{ seq: 1 }]);
    });

    test("[storage.append-idempotent] gives a repeated id its first position, also among concurrent calls", async () => {
      const backend = await open();
      const entry = { id: idOf(1), subject: "s", body: "x", expectSeq: 0 };
      const results = await Promise.all(Array.from({ length: 50 }, () => backend.append("a", entry)));
      expect(results.filter((result) => result.outcome === "committed" && !result.duplicate)).toHaveLength(1);
      expect(new Set(results.map((result) => result.outcome === "committed" && result.seq))).toEqual(
        new Set([1]),
      );
      expect(await backend.read("a", { fromSeq: 0, limit: 10 })).toHaveLength(1);
    });

    test("[storage.append-idempotent] answers a repeat that a writer issues behind its first try with the first position, and refuses what counted on another", async () => {
      const backend = await open();
      const write = (n: number, expectSeq: number): Promise<AppendResult> =>
        backend.append("a", { id: idOf(n), subject: "s", body: `${n} behind ${expectSeq}`, expectSeq });
      expect(await Promise.all([write(1, 0), write(2, 1), write(2, 2), write(3, 3), write(3, 2)])).toEqual([
        { outcome: "committed", seq: 1, duplicate: false },
        { outcome: "committed", seq: 2, duplicate: false },
        { outcome: "committed", seq: 2, duplicate: true },
        { outcome: "conflict", lastSeq: 2 },
        { outcome: "committed", seq: 3, duplicate: false },
      ]);
      const bodies = (await backend.read("a", { fromSeq: 0, limit: 10 })).map(({ body }) => body);
      expect(bodies).toEqual(["1 behind 0", "2 behind 1", "3 behind 2"]);
    });

    test("[storage.append-expect-seq] lets exactly one of concurrent writers have a position", async () => {
      const backend = await open();
      let id = 0;
      for (let round = 0; round < 10; round++) {
        const results = await Promise.all(
          Array.from({ length: 16 }, () =>
            backend.append("a", { id: idOf(id++), subject: "", body: "x", expectSeq: round }),
          ),
        );
        expect(results.filter(({ outcome }) => outcome === "committed")).toHaveLength(1);
        for (const result of results)
          if (result.outcome === "conflict") expect(result.lastSeq).toBe(round + 1);
      }
    });

    test("[storage.cas-rev-rises] lets one writer win, with a rev above all before, also after tombstones", async () => {
      const backend = await open();
      let top = 0;
      for (let round = 0; round < 10; round++) {
        const current = await backend.get("b", "k");
        const results = await Promise.all(
          Array.from({ length: 8 }, (_, n) =>
            backend.cas("b", "k", {
              expectRev: current?.rev ?? 0,
              value: round % 3 === 2 ? undefined : `v${n}`,
            }),
          ),
        );
        const won = results.filter(({ outcome }) => outcome === "committed");
        // On an absent key a tombstone matches "absent" again, so several may win; their revs still rise.
        if (round % 3 !== 2) expect(won).toHaveLength(1);
        for (const result of won) {
          expect((result as { rev: number }).rev).toBeGreaterThan(top);
          top = (result as { rev: number }).rev;
        }
      }
    });

    test("[storage.tail-no-gap] gives each follower every entry once, in order, while writers append", async () => {
      const backend = await open();
      const total = 600;
      let next = 0;
      const followers: Promise<LogEntry[]>[] = [];
      const writer = async (): Promise<void> => {
        while (next < total) {
          const n = next++;
          if (n % 60 === 0) {
            followers.push(collectTail(backend, 1, undefined, total));
            followers.push(collectTail(backend, 1, "even", total / 2));
          }
          await backend.append("a", { id: idOf(n), subject: n % 2 === 0 ? "even" : "odd", body: `${n}` });
        }
      };
      await Promise.all(Array.from({ length: 16 }, writer));
      const all = [...(await backend.read("a", { fromSeq: 1, limit: 1024 }))];
      expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: total }, (_, n) => n + 1));
      const even = all.filter(({ subject }) => subject === "even");
      for (const [n, seen] of (await Promise.all(followers)).entries())
        expect(seen).toEqual(n % 2 === 0 ? all : even);
    });

    test("[storage.tail-trim] skips only what was trimmed and keeps the order", async () => {
      const backend = await open();
      const stop = new AbortController();
      const seen: number[] = [];
      const following = (async () => {
        for await (const { seq } of backend.tail("a", { fromSeq: 1, signal: stop.signal })) {
          seen.push(seq);
          if (seq === 500) stop.abort();
        }
      })();
      let kept = 1;
      for (let n = 0; n < 500; n += 10) {
        await Promise.all(
          Array.from({ length: 10 }, (_, at) =>
            backend.append("a", { id: idOf(n + at), subject: "", body: "x" }),
          ),
        );
        if (n % 50 !== 0 || n === 0 || n === 450) continue;
        kept = n - 20;
        await backend.trim("a", { beforeSeq: kept });
      }
      await following;
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((seq) => seq >= 481)).toEqual(Array.from({ length: 20 }, (_, n) => 481 + n));
      expect((await backend.read("a", { fromSeq: 0, limit: 1 }))[0]?.seq).toBe(kept);
    });

    test("[storage.tail-slow] serves a consumer that stops from the store, not from a queue", async () => {
      const backend = await open();
      const stop = new AbortController();
      const tail = backend.tail("a", { fromSeq: 1, signal: stop.signal })[Symbol.asyncIterator]();
      await backend.append("a", { id: idOf(0), subject: "", body: "x" });
      expect(await tail.next()).toMatchObject({ value: { seq: 1 } });
      const rest = Array.from({ length: 1500 }, (_, n) =>
        backend.append("a", { id: idOf(n + 1), subject: "", body: "x" }),
      );
      await Promise.all(rest);
      for (let seq = 2; seq <= 1501; seq++) expect(await tail.next()).toMatchObject({ value: { seq } });
      stop.abort();
      expect(await tail.next()).toMatchObject({ done: true });
    });

    test("[storage.follow-ends] ends by the signal without an error, and by close with one", async () => {
      const backend = await open();
      const stop = new AbortController();
      const ended = collectTail(backend, 1, undefined, 1, stop.signal);
      stop.abort();
      expect(await ended).toEqual([]);
      const follower = collectTail(backend, 1, undefined, 1);
      const watcher = backend
        .watch("b", { fromRev: 0, signal: new AbortController().signal })
        [Symbol.asyncIterator]()
        .next();
      const failures = Promise.allSettled([follower, watcher]);
      await backend.close();
      for (const result of await failures)
        expect(result).toMatchObject({ status: "rejected", reason: { code: "closed" } });
    });

    test("[storage.watch-no-gap] list, then watch from its rev, follows every key to its newest value", async () => {
      const backend = await open();
      const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
      const views: {
        map: Map<string, string>;
        stop: AbortController;
        done: Promise<void>;
        last: () => number;
      }[] = [];
      const follow = async (): Promise<void> => {
        const { entries, rev } = await backend.list("b", "k");
        const map = new Map(entries.map(({ key, value }) => [key, value]));
        const stop = new AbortController();
        let last = rev;
        const done = (async () => {
          for await (const change of backend.watch("b", { prefix: "k", fromRev: rev, signal: stop.signal })) {
            expect(change.rev).toBeGreaterThan(last);
            last = change.rev;
            applyChange(map, change);
          }
        })();
        views.push({ map, stop, done, last: () => last });
      };
      const write = async (key: string, n: number): Promise<void> => {
        for (let round = 0; round < 15; round++) {
          if (round === n % 15) await follow();
          const rev = (await backend.get("b", key))?.rev ?? 0;
          await backend.cas("b", key, {
            expectRev: rev,
            value: (round + n) % 4 === 0 ? undefined : `${key}:${round}`,
          });
          await backend.cas("b", `other${n}`, { expectRev: 0, value: "" });
        }
      };
      await Promise.all(keys.map(write));
      const end = await backend.cas("b", "k-end", { expectRev: 0, value: "end" });
      const { entries } = await backend.list("b", "k");
      const expected = new Map(entries.map(({ key, value }) => [key, value]));
      expect(views).toHaveLength(20);
      for (const view of views) {
        await until(() => view.last() >= (end as { rev: number }).rev);
        view.stop.abort();
        await view.done;
        expect(view.map).toEqual(expected);
      }
    });

    test("[storage.retention] cleans up by age: old tombstones go, long expired keys become ones, no rev repeats", async () => {
      const clock = new SimulatedClock();
      const backend = await open(clock);
      const first = (await backend.cas("b", "gone", { expectRev: 0, value: "v" })) as { rev: number };
      const tombstone = (await backend.cas("b", "gone", { expectRev: first.rev, value: undefined })) as {
        rev: number;
      };
      const lease = { expectRev: 0, value: "v", expiresAt: clock.now() + 1000 };
      const held = (await backend.cas("b", "lease", lease)) as { rev: number };
      const stop = new AbortController();
      const changes = backend.watch("b", { fromRev: held.rev, signal: stop.signal })[Symbol.asyncIterator]();
      clock.jump(tombstoneKeptMs + sweepEveryMs);
      expect(await backend.get("b", "lease")).toMatchObject({ value: "v", rev: held.rev });
      const old = { fromRev: first.rev, signal: stop.signal };
      // The sweep runs beside: the refusal shows that it is done.
      await until(async () => {
        const change = await backend
          .watch("b", old)
          [Symbol.asyncIterator]()
          .next()
          .catch((error: unknown) => error);
        return (change as { code?: string }).code === "compacted";
      });
      const again = (await backend.cas("b", "gone", { expectRev: 0, value: "v" })) as { rev: number };
      expect(again.rev).toBeGreaterThan(held.rev);
      expect(again.rev).toBeGreaterThan(tombstone.rev);
      expect(await changes.next()).toMatchObject({ value: { key: "gone", rev: again.rev } });
      clock.jump(expiredKeptMs);
      const buried = (await changes.next()).value as KeyChangeEvent;
      expect(buried.key).toBe("lease");
      expect(buried.value).toBeUndefined();
      expect(buried.rev).toBeGreaterThan(again.rev);
      expect(await backend.cas("b", "lease", { expectRev: held.rev, value: "late" })).toEqual({
        outcome: "conflict",
        rev: 0,
      });
      stop.abort();
    });

    test("[storage.limits] refuses what is too large, and mistakes, before anything is written", async () => {
      const backend = await open();
      const { limits } = await backend.info();
      const body = "é".repeat(limits.bodyBytes / 2);
      expect(await backend.append("a", { id: idOf(1), subject: "s", body })).toMatchObject({ seq: 1 });
      expect((await backend.read("a", { fromSeq: 1, limit: 1 }))[0]?.body).toBe(body);
      const tooLarge = { code: "too_large" };
      await expect(
        backend.append("a", { id: idOf(2), subject: "s", body: `${body}x` }),
      ).rejects.toMatchObject(tooLarge);
      await expect(
        backend.append("a", { id: idOf(2), subject: "s".repeat(limits.subjectChars + 1), body: "" }),
      ).rejects.toMatchObject(tooLarge);
      await expect(backend.cas("b", "k", { expectRev: 0, value: `${body}x` })).rejects.toMatchObject(
        tooLarge,
      );
      await expect(backend.append("a", { id: "nope", subject: "", body: "" })).rejects.toThrow(TypeError);
      await expect(backend.append("a", { id: idOf(2), subject: "", body: "\ud800" })).rejects.toThrow(
        TypeError,
      );
      await expect(backend.cas("b", "\udc00", { expectRev: 0, value: "" })).rejects.toThrow(TypeError);
      await expect(backend.read("a", { fromSeq: 0, limit: 1025 })).rejects.toThrow(RangeError);
      expect(await backend.lastSeq("a")).toBe(1);
    });

    test("[storage.read-bounded] answers a full read of large entries whole", async () => {
      const backend = await open();
      const body = "x".repeat(200_000);
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => backend.append("a", { id: idOf(n), subject: "", body })),
      );
      const entries = await backend.read("a", { fromSeq: 3, limit: 15 });
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 15 }, (_, n) => n + 3));
      for (const [chars, last] of [
        [1, 3],
        [500_000, 5],
        [600_001, 6],
      ] as const) {
        const some = await backend.read("a", { fromSeq: 3, limit: 15, chars });
        expect([some[0]?.seq, some.at(-1)?.seq]).toEqual([3, last]);
      }
      expect(await collectTail(backend, 1, undefined, 20)).toHaveLength(20);
      await Promise.all(
        Array.from({ length: 12 }, (_, n) => backend.cas("b", `k${n}`, { expectRev: 0, value: body })),
      );
      expect((await backend.list("b")).entries).toHaveLength(12);
    });

    test("[storage.signal] reaches those who listen, in order, and nobody after", async () => {
      const backend = await open();
      const heard: string[] = [];
      const done = Promise.withResolvers<void>();
      backend.signal("t", "early");
      const stop = backend.onSignal("t", (payload) => {
        heard.push(payload);
        if (payload === "last") done.resolve();
      });
      for (const payload of ["1", "2", "last"]) backend.signal("t", payload);
      backend.signal("other", "x");
      await done.promise;
      stop();
      backend.signal("t", "late");
      await Promise.resolve();
      expect(heard).toEqual(["1", "2", "last"]);
    });

    test("[storage.closed] rejects every call after close, which may be repeated", async () => {
      const backend = await open();
      const accepted = backend.append("a", { id: idOf(1), subject: "", body: "x" });
      await backend.close();
      expect(await accepted).toMatchObject({ outcome: "committed" });
      await backend.close();
      const closed = { code: "closed" };
      await expect(backend.append("a", { id: idOf(2), subject: "", body: "x" })).rejects.toMatchObject(
        closed,
      );
      await expect(backend.get("b", "k")).rejects.toMatchObject(closed);
      await expect(backend.cas("b", "k", { expectRev: 0, value: "" })).rejects.toMatchObject(closed);
      await expect(backend.lastSeq("a")).rejects.toMatchObject(closed);
    });
  });
}

/** Follows log "a" until `count` entries came or the signal ended it. */
async function collectTail(
  backend: Backend,
  fromSeq: number,
  subject: string | undefined,
  count: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<LogEntry[]> {
  const seen: LogEntry[] = [];
  const options = { fromSeq, signal, ...(subject === undefined ? {} : { subject }) };
  for await (const entry of backend.tail("a", options)) if (seen.push(entry) === count) break;
  return seen;
}

function applyChange(map: Map<string, string>, change: KeyChangeEvent): void {
  if (change.value === undefined) map.delete(change.key);
  else map.set(change.key, change.value);
}

/** Lets the event loop turn until the condition holds. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}
