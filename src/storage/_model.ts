import * as fc from "fast-check";
import { expect } from "vitest";
import type { AppendResult, Backend, LogEntry, NewEntry } from "../kernel/backend.js";

/** What a backend must hold, kept the plainest way. */
export interface Model {
  logs: Map<string, { last: number; entries: LogEntry[] }>;
  buckets: Map<
    string,
    Map<string, { rev: number; value: string | undefined; expiresAt: number | undefined }>
  >;
  /** Revs must exceed it. */
  maxRev: number;
}

/** The backend under test; `reopen` is the identity for an engine without a file. */
export interface Real {
  backend: Backend;
  reopen(): Promise<void>;
}

type Command = fc.AsyncCommand<Model, Real>;

export function emptyModel(): Model {
  return { logs: new Map(), buckets: new Map(), maxRev: 0 };
}

/** A few ids, so that duplicates are common. */
export const idOf = (n: number): string => `0190a000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;

const text = fc.string({ unit: "binary", maxLength: 40 });
const logName = fc.constantFrom("inbox/a", "inbox/b", "");
const bucketName = fc.constantFrom("leases", "names");
const key = fc.constantFrom("a", "a/1", "a/\u{1F600}", "a/\uFFFD", "b", "");
const subject = fc.constantFrom("", "s1", "s2");
const position = fc.nat({ max: 30 });
/** Relative to the current position or rev, so that both outcomes are common. */
const expectation = fc.option(fc.constantFrom(0, 0, 0, 1, -1));

interface AppendPlan {
  n: number;
  /** Repeats the id of an append of the same burst, which is in flight: the last one, or one before it. */
  again: number | null;
  subject: string;
  body: string;
  /** Relative to the last position, or to the one that the writer assumes when all before were written. */
  off: number | null;
  pipelined: boolean;
}

const appendPlan: fc.Arbitrary<AppendPlan> = fc.record({
  n: fc.nat({ max: 40 }),
  again: fc.option(fc.nat({ max: 3 }), { freq: 2 }),
  subject,
  body: text,
  off: expectation,
  pipelined: fc.boolean(),
});

export function commands(): fc.Arbitrary<Iterable<Command>> {
  return fc.commands(
    [
      fc.tuple(logName, fc.array(appendPlan, { minLength: 1, maxLength: 8 })).map(appendBurst),
      fc.tuple(logName, position, fc.option(subject), fc.integer({ min: 1, max: 20 })).map(read),
      fc.tuple(logName, fc.nat({ max: 40 })).map(readById),
      fc.tuple(logName, position, fc.option(subject)).map(tailAll),
      fc.tuple(logName, position).map(trim),
      fc
        .tuple(
          bucketName,
          fc.array(
            fc.record({ key, value: fc.option(text), off: expectation, expiresAt: fc.option(fc.nat()) }),
            { minLength: 1, maxLength: 5 },
          ),
        )
        .map(casBurst),
      fc.tuple(bucketName, key).map(get),
      fc.tuple(bucketName, fc.constantFrom("", "a", "a/", "c")).map(list),
      fc.tuple(bucketName, fc.constantFrom("", "a/"), fc.nat({ max: 40 })).map(watchAll),
      fc.constant(command("reopen", async (_model, real) => real.reopen())),
    ],
    { maxCommands: 40 },
  );
}

function command(label: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => label };
}

const show = JSON.stringify;

/** All appends at once: the order of the calls is the order of the effects. */
function appendBurst([log, plans]: [string, AppendPlan[]]): Command {
  return command(`append ${show([log, plans])}`, async (model, { backend }) => {
    const stored = modelLog(model, log);
    const expected: AppendResult[] = [];
    const calls: NewEntry[] = [];
    const start = stored.last;
    for (const { n, again, subject, body, off, pipelined } of plans) {
      const id = (again === null ? undefined : calls.at(-1 - again)?.id) ?? idOf(n);
      const entry: NewEntry = { id, subject, body };
      if (off !== null) entry.expectSeq = Math.max(0, (pipelined ? start + calls.length : stored.last) + off);
      calls.push(entry);
      const first = stored.entries.find(({ id }) => id === entry.id);
      if (first) expected.push({ outcome: "committed", seq: first.seq, duplicate: true });
      else if (entry.expectSeq !== undefined && entry.expectSeq !== stored.last)
        expected.push({ outcome: "conflict", lastSeq: stored.last });
      else {
        stored.entries.push({ seq: ++stored.last, id: entry.id, subject, body });
        expected.push({ outcome: "committed", seq: stored.last, duplicate: false });
      }
    }
    expect(await Promise.all(calls.map((entry) => backend.append(log, entry)))).toEqual(expected);
  });
}

function read([log, fromSeq, subject, limit]: [string, number, string | null, number]): Command {
  return command(`read ${show([log, fromSeq, subject, limit])}`, async (model, { backend }) => {
    const options = { fromSeq, limit, ...(subject === null ? {} : { subject }) };
    expect(await backend.read(log, options)).toEqual(kept(model, log, fromSeq, subject).slice(0, limit));
    expect(await backend.lastSeq(log)).toBe(model.logs.get(log)?.last ?? 0);
  });
}

function readById([log, n]: [string, number]): Command {
  return command(`readById ${show([log, n])}`, async (model, { backend }) => {
    const entry = kept(model, log, 0, null).filter(({ id }) => id === idOf(n));
    expect(await backend.read(log, { fromSeq: 0, id: idOf(n), limit: 1 })).toEqual(entry);
  });
}

function tailAll([log, fromSeq, subject]: [string, number, string | null]): Command {
  return command(`tail ${show([log, fromSeq, subject])}`, async (model, { backend }) => {
    const expected = kept(model, log, fromSeq, subject);
    const options = { fromSeq, ...(subject === null ? {} : { subject }) };
    const stop = new AbortController();
    const seen: LogEntry[] = [];
    if (expected.length > 0)
      for await (const entry of backend.tail(log, { ...options, signal: stop.signal }))
        if (seen.push(entry) === expected.length) stop.abort();
    expect(seen).toEqual(expected);
  });
}

function trim([log, beforeSeq]: [string, number]): Command {
  return command(`trim ${show([log, beforeSeq])}`, async (model, { backend }) => {
    await backend.trim(log, { beforeSeq });
    const stored = model.logs.get(log);
    if (stored) stored.entries = stored.entries.filter(({ seq }) => seq >= beforeSeq);
  });
}

interface CasPlan {
  key: string;
  value: string | null;
  off: number | null;
  expiresAt: number | null;
}

function casBurst([bucket, plans]: [string, CasPlan[]]): Command {
  return command(`cas ${show([bucket, plans])}`, async (model, { backend }) => {
    const slots = modelBucket(model, bucket);
    // The revs of a burst are not known before: each key is taken once.
    const once = [...new Map(plans.map((plan) => [plan.key, plan])).values()];
    const calls = once.map(({ key, value, off, expiresAt }) => {
      const live = liveRev(model, bucket, key);
      const expectRev = off === null ? 0 : Math.max(0, live + off);
      const change = { expectRev, value: value ?? undefined, ...(expiresAt === null ? {} : { expiresAt }) };
      return { key, live, change, done: backend.cas(bucket, key, change) };
    });
    for (const { key, live, change, done } of calls) {
      const result = await done;
      if (change.expectRev !== live) {
        expect(result).toEqual({ outcome: "conflict", rev: live });
        continue;
      }
      expect(result.outcome).toBe("committed");
      const { rev } = result as { rev: number };
      expect(rev).toBeGreaterThan(model.maxRev);
      model.maxRev = rev;
      const expiresAt = change.value === undefined ? undefined : change.expiresAt;
      slots.set(key, { rev, value: change.value, expiresAt });
    }
  });
}

function get([bucket, key]: [string, string]): Command {
  return command(`get ${show([bucket, key])}`, async (model, { backend }) => {
    const [entry] = live(model, bucket).filter((one) => one.key === key);
    const { key: _, ...versioned } = entry ?? { key };
    expect(await backend.get(bucket, key)).toEqual(entry && versioned);
  });
}

function list([bucket, prefix]: [string, string]): Command {
  return command(`list ${show([bucket, prefix])}`, async (model, { backend }) => {
    const { entries, rev } = await backend.list(bucket, prefix);
    expect(entries).toEqual(live(model, bucket).filter((one) => one.key.startsWith(prefix)));
    for (const slot of modelBucket(model, bucket).values()) expect(rev).toBeGreaterThanOrEqual(slot.rev);
  });
}

function watchAll([bucket, prefix, fromRev]: [string, string, number]): Command {
  return command(`watch ${show([bucket, prefix, fromRev])}`, async (model, { backend }) => {
    const expected = [...modelBucket(model, bucket)]
      .map(([key, { rev, value, expiresAt }]) => ({ key, rev, ...optional({ value, expiresAt }) }))
      .filter((change) => change.rev > fromRev && change.key.startsWith(prefix))
      .sort((a, b) => a.rev - b.rev);
    const stop = new AbortController();
    const seen: unknown[] = [];
    if (expected.length > 0)
      for await (const change of backend.watch(bucket, { prefix, fromRev, signal: stop.signal }))
        if (seen.push(change) === expected.length) stop.abort();
    expect(seen).toEqual(expected);
  });
}

function modelLog(model: Model, name: string): { last: number; entries: LogEntry[] } {
  const log = model.logs.get(name) ?? { last: 0, entries: [] };
  model.logs.set(name, log);
  return log;
}

function modelBucket(model: Model, name: string): NonNullable<ReturnType<Model["buckets"]["get"]>> {
  const bucket = model.buckets.get(name) ?? new Map();
  model.buckets.set(name, bucket);
  return bucket;
}

function kept(model: Model, log: string, fromSeq: number, subject: string | null): LogEntry[] {
  const entries = model.logs.get(log)?.entries ?? [];
  return entries.filter((entry) => entry.seq >= fromSeq && (subject === null || entry.subject === subject));
}

function liveRev(model: Model, bucket: string, key: string): number {
  const slot = modelBucket(model, bucket).get(key);
  return slot?.value === undefined ? 0 : slot.rev;
}

function live(
  model: Model,
  bucket: string,
): { key: string; value: string; rev: number; expiresAt?: number }[] {
  return [...modelBucket(model, bucket)]
    .flatMap(([key, { rev, value, expiresAt }]) =>
      value === undefined ? [] : [{ key, value, rev, ...optional({ expiresAt }) }],
    )
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

function optional<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
