import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TokenStore } from "../../../src/auth/token-store.js";
import { scopes } from "../../../src/generated/operations.js";
import type { Backend } from "../../../src/kernel/backend.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import { silentLogger } from "../../../src/kernel/logger.js";
import { openSqlite } from "../../../src/storage/sqlite/open-sqlite.js";
import { SimulatedClock } from "../../support/simulated-clock.js";
import { seededIds } from "../../support/simulation.js";
import { World } from "../../support/world.js";
import { checkStoreFile } from "../kit/store-file.js";

const holder = { name: "bob", lease_token: "the-token-of-bob" };
const drain = { ...holder, wait_ms: 0 };
const dayMs = 86_400_000;
/** More than a claim lasts. */
const claimMs = 60_001;
const turn = "00000000-0000-7000-8000-000000000000";

/**
 * A store as a killed daemon leaves it, half of it in the write-ahead log: a session, a token, work that is done, claimed
 * and waiting.
 */
export async function writeStore(to: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "parley-known-"));
  const path = join(folder, "parley.db");
  const clock = new SimulatedClock();
  await working(path, clock, "first", async (world, tokens) => {
    await tokens.create({ name: "kept", scopes, sessions: ["bob"] });
    const opening = { ...holder, ttl_ms: dayMs, description: "works" };
    const { lease } = await world.call("sessions.open", opening);
    for (const key of ["done", "claimed", "waiting"]) await send(world, key);
    const { claim, interactions } = await world.call("sessions.drain", { ...drain, max: 2 });
    const [done, claimed] = interactions.map(({ interaction_id: id }) => id) as [string, string];
    const base = { name: holder.name, claim_token: claim!.token };
    const events = [{ kind: "text_delta" as const, turn_id: turn, delta: `${lease.fence}` }];
    await world.call("sessions.emit", { ...base, interaction_id: done, events, idempotency_key: "said" });
    await world.call("sessions.emit", { ...base, interaction_id: claimed, events });
    const outcome = { kind: "done" as const, result: "kept" };
    await world.call("sessions.settle", { ...base, interaction_id: done, outcome });
  });
  // Closing has emptied the log; what follows stays in it.
  await working(path, clock, "second", async (world) => {
    await world.call("sessions.open", { name: "gone", ttl_ms: dayMs });
    await send(world, "late");
    for (const end of ["", "-wal"]) copyFileSync(path + end, to + end);
  });
  rmSync(folder, { recursive: true });
}

/** Works on with a copy of a store that `writeStore` once wrote; what of it is not as it was. */
export async function checkStore(path: string): Promise<string[]> {
  const wrong: string[] = [];
  const expect = (what: string, found: unknown, expected: unknown): void => {
    if (JSON.stringify(found) !== JSON.stringify(expected))
      wrong.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
  };
  const clock = new SimulatedClock();
  let fence = 0;
  try {
    await working(path, clock, "later", async (world, tokens) => {
      const kept = (await tokens.list()).map(({ name, sessions }) => ({ name, sessions }));
      expect("tokens", kept, [{ name: "kept", sessions: ["bob"] }]);
      const { session } = await world.call("sessions.get", { name: "bob" });
      expect("session", [session.description, session.state], ["works", "live"]);
      const again: boolean[] = [];
      for (const key of ["done", "claimed", "waiting", "late"])
        again.push((await send(world, key)).deduplicated);
      expect("repeats", again, [true, true, true, true]);
      const log = await world.read({ kind: "session", session_id: session.session_id });
      expect(
        "events",
        log.map(({ sequence, event }) => `${sequence} ${event.kind}`),
        kinds,
      );
      for (const { event } of log) if (event.kind === "text_delta") fence = Number(event.delta);
      const done = log[0]!.interaction_id!;
      const told = await world.read({ kind: "interaction", interaction_id: done });
      expect(
        "an interaction",
        told.map(({ event }) => event.kind),
        [kinds[0], kinds[3], kinds[5]].map(nameOf),
      );
      clock.advance(claimMs);
      const { interactions } = await world.call("sessions.drain", { ...drain, max: 9 });
      const work = interactions.map((item) => [item.kind === "peer_request" && item.params, item.attempt]);
      expect("work", work, [
        ["claimed", 2],
        ["waiting", 1],
        ["late", 1],
      ]);
      expect("a new command", (await send(world, "fresh")).deduplicated, false);
      expect("its event", await nextSequence(world, session.session_id, kinds.length), kinds.length + 1);
    });
    // Once more, from what the new version wrote, after the lease.
    await working(path, clock, "last", async (world) => {
      clock.advance(dayMs);
      const opened = await world.call("sessions.open", { name: "bob", ttl_ms: dayMs });
      expect("the next holder's fence is higher", opened.lease.fence > fence && fence > 0, true);
      const stale = await world.call("sessions.drain", { ...drain, max: 1 }).then(
        () => "taken",
        (error: ContractError) => error.code,
      );
      expect("the old holder", stale, "fence_stale");
      expect("a repeat", (await send(world, "fresh")).deduplicated, true);
    });
  } catch (error) {
    wrong.push(error instanceof ContractError ? `${error.code}: ${error.message}` : String(error));
  }
  return [...wrong, ...checkStoreFile(path)];
}

const kinds = [
  "1 interaction_started",
  "2 interaction_started",
  "3 interaction_started",
  "4 text_delta",
  "5 text_delta",
  "6 interaction_complete",
  "7 interaction_started",
];

/** Waits for the event, which comes after the receipt. */
async function nextSequence(world: World, sessionId: string, after: number): Promise<number | undefined> {
  const scope = { kind: "session" as const, session_id: sessionId };
  const { events } = await world.stream({ scope, after_sequence: after });
  for await (const { json } of events) return (JSON.parse(json) as { sequence: number }).sequence;
  return undefined;
}

function nameOf(kind: string | undefined): string {
  return kind!.slice(2);
}

/** The planes and the tokens on a store, while `work` lasts. */
async function working(
  path: string,
  clock: SimulatedClock,
  seed: string,
  work: (world: World, tokens: TokenStore) => Promise<void>,
): Promise<void> {
  const backend = await openSqlite({ path, clock });
  try {
    const tokens = await openTokens(backend, clock, seed);
    const world = await World.start({ clock, backend, seed });
    await work(world, tokens);
    await world.stop();
    tokens.close();
  } finally {
    await backend.close();
  }
}

async function send(world: World, key: string): Promise<{ deduplicated: boolean }> {
  const options = { idempotency_key: key };
  const request = {
    kind: "peer_request" as const,
    to: "bob",
    intent: "ask",
    params: key,
    stream: "none" as const,
  };
  return world.call("comms.send", { ...request, options });
}

function openTokens(backend: Backend, clock: SimulatedClock, seed: string): Promise<TokenStore> {
  return TokenStore.open({ backend, clock, ids: seededIds(clock, `tokens ${seed}`), log: silentLogger });
}
