import { expect, test } from "vitest";
import { SimulatedClock } from "../../test/support/simulated-clock.js";
import type { Backend } from "../kernel/backend.js";
import type { ContractError } from "../kernel/contract-error.js";
import { systemIds } from "../kernel/ids.js";
import { silentLogger } from "../kernel/logger.js";
import { openMemory } from "../storage/memory/open-memory.js";
import { TokenStore } from "./token-store.js";

interface World {
  clock: SimulatedClock;
  backend: Backend;
  open(): Promise<TokenStore>;
}

function world(): World {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const ids = systemIds(clock);
  return { clock, backend, open: () => TokenStore.open({ backend, clock, ids, log: silentLogger }) };
}

const input = {
  name: "planner",
  scopes: ["comms:write", "comms:read", "comms:read"],
  sessions: ["b", "a"],
} as const;

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    (error: ContractError) => error.code,
  );

test.each(["local", "console"])("[trust.token-names] a token named %s is refused", async (name) => {
  await using world_ = disposable(world());
  const store = await world_.open();
  await expect(store.create({ name, scopes: ["comms:read"], sessions: [] })).rejects.toMatchObject({
    code: "invalid_request",
    details: [
      { field: "name", issue: "invalid_value", expected: "a name other than local and console", got: name },
    ],
  });
  expect(await store.list()).toEqual([]);
  store.close();
});

test("[auth.token] a new token proves its principal, and only whole", async () => {
  await using world_ = disposable(world());
  const store = await world_.open();
  const { token, secret } = await store.create(input);
  expect(secret).toMatch(/^parley_[0-9a-z]{10}_[A-Za-z0-9_-]{43}$/);
  expect(token).toEqual({
    token_id: secret.split("_")[1],
    name: "planner",
    scopes: ["comms:read", "comms:write"],
    sessions: ["a", "b"],
    created_at: "2026-01-01T00:00:00.000Z",
  });
  const principal = store.verify(secret);
  expect(principal).toMatchObject({ name: "planner", kind: "token", tokenId: token.token_id });
  expect([...principal!.scopes]).toEqual(["comms:read", "comms:write"]);
  expect(store.verify(secret)).toBe(principal);
  const flipped = secret.endsWith("A") ? "B" : "A";
  for (const wrong of [
    secret.slice(0, -1),
    secret.slice(0, -1) + flipped,
    `${secret}A`,
    secret.replace("parley_", "other_"),
    secret.replace(token.token_id, "0000000000"),
    "",
  ]) {
    expect(store.verify(wrong)).toBeNull();
  }
  store.close();
});

test("[auth.token-at-rest] neither the store nor a list holds a secret", async () => {
  await using world_ = disposable(world());
  const store = await world_.open();
  const { secret } = await store.create(input);
  const rotated = await store.rotate(secret.split("_")[1]!, 1000);
  const { entries } = await world_.backend.list("tokens");
  const kept = JSON.stringify(entries) + JSON.stringify(await store.list());
  for (const each of [secret, rotated.secret]) {
    expect(kept).not.toContain(each.split("_").slice(2).join("_"));
  }
  store.close();
});

test("[auth.token] tokens outlive the process", async () => {
  await using world_ = disposable(world());
  const before = await world_.open();
  const { secret, token } = await before.create(input);
  before.close();
  const after = await world_.open();
  expect(after.verify(secret)).toMatchObject({ name: "planner", sessions: ["a", "b"] });
  expect(await after.list()).toEqual([token]);
  after.close();
});

test("[auth.token-revoke] revoking ends live connections at once and for good", async () => {
  await using world_ = disposable(world());
  const store = await world_.open();
  const { secret, token } = await store.create(input);
  const { ended } = store.verify(secret)!;
  await store.revoke(token.token_id);
  expect(ended.aborted).toBe(true);
  expect(store.verify(secret)).toBeNull();
  expect(await store.list()).toEqual([]);
  expect(await codeOf(store.revoke(token.token_id))).toBe("token_not_found");
  expect(await codeOf(store.rotate(token.token_id, 0))).toBe("token_not_found");
  store.close();
  const later = await world_.open();
  expect(later.verify(secret)).toBeNull();
  later.close();
});

test("[auth.token-rotate] the old secret works until its overlap ends, then its connections end", async () => {
  await using world_ = disposable(world());
  const store = await world_.open();
  const { secret, token } = await store.create(input);
  const old = store.verify(secret)!;
  const rotated = await store.rotate(token.token_id, 5_000);
  expect(rotated.token).toMatchObject({
    rotated_at: "2026-01-01T00:00:00.000Z",
    previous_valid_until: "2026-01-01T00:00:05.000Z",
  });
  expect(store.verify(secret)).toBe(old);
  const fresh = store.verify(rotated.secret)!;
  world_.clock.advance(4_999);
  expect(store.verify(secret)).toBe(old);
  world_.clock.advance(1);
  expect(store.verify(secret)).toBeNull();
  expect(old.ended.aborted).toBe(true);
  expect(fresh.ended.aborted).toBe(false);
  expect(store.verify(rotated.secret)).toBe(fresh);
  store.close();
});

test("[auth.token-rotate] without overlap the old secret ends now; a second rotation ends the one before", async () => {
  await using world_ = disposable(world());
  const store = await world_.open();
  const { secret, token } = await store.create(input);
  const first = store.verify(secret)!;
  const second = await store.rotate(token.token_id, 0);
  expect(first.ended.aborted).toBe(true);
  expect(store.verify(secret)).toBeNull();
  const third = await store.rotate(token.token_id, 60_000);
  const inOverlap = store.verify(second.secret)!;
  await store.rotate(token.token_id, 60_000);
  expect(inOverlap.ended.aborted).toBe(true);
  expect(store.verify(second.secret)).toBeNull();
  expect(store.verify(third.secret)).not.toBeNull();
  store.close();
});

test("[auth.token-expiry] a token ends with its time, however far away that is", async () => {
  await using world_ = disposable(world());
  const store = await world_.open();
  const month = 30 * 86_400_000;
  const { secret, token } = await store.create({ ...input, ttlMs: month });
  expect(token.expires_at).toBe("2026-01-31T00:00:00.000Z");
  const { ended } = store.verify(secret)!;
  world_.clock.advance(2 ** 31 - 1);
  world_.clock.advance(month - 2 ** 31);
  expect(ended.aborted).toBe(false);
  world_.clock.advance(1);
  expect(ended.aborted).toBe(true);
  expect(store.verify(secret)).toBeNull();
  expect(await store.list()).toEqual([]);
  store.close();
});

test("[auth.clock-set] setting the wall clock neither ends nor prolongs a token; the machine's sleep counts", async () => {
  await using world_ = disposable(world());
  const { clock } = world_;
  const store = await world_.open();
  const hour = 3_600_000;
  const { secret, token } = await store.create({ ...input, ttlMs: hour });
  clock.step(hour);
  expect(store.verify(secret)).not.toBeNull();
  clock.step(-2 * hour);
  await store.rotate(token.token_id, 600_000);
  const { ended } = store.verify(secret)!;
  clock.advance(599_999);
  expect(ended.aborted).toBe(false);
  clock.advance(1);
  expect(ended.aborted).toBe(true);
  const { secret: other } = await store.create({ ...input, ttlMs: hour });
  const live = store.verify(other)!.ended;
  clock.sleep(hour);
  expect(store.verify(other)).toBeNull();
  clock.advance(60_000);
  expect(live.aborted).toBe(true);
  store.close();
});

test("[auth.token-follow] what another daemon of the realm changes takes effect here", async () => {
  await using world_ = disposable(world());
  const here = await world_.open();
  const there = await world_.open();
  const { secret, token } = await there.create(input);
  await expect.poll(() => here.verify(secret)).not.toBeNull();
  const { ended } = here.verify(secret)!;
  await there.revoke(token.token_id);
  await expect.poll(() => ended.aborted).toBe(true);
  expect(here.verify(secret)).toBeNull();
  here.close();
  there.close();
});

test("[auth.token-race] two rotations at once both happen, one after the other", async () => {
  await using world_ = disposable(world());
  const store = await world_.open();
  const { token } = await store.create(input);
  const [a, b] = await Promise.all([store.rotate(token.token_id, 0), store.rotate(token.token_id, 0)]);
  const valid = [a, b].filter(({ secret }) => store.verify(secret) !== null);
  expect(valid).toHaveLength(1);
  store.close();
});

function disposable(world_: World): World & AsyncDisposable {
  return { ...world_, [Symbol.asyncDispose]: () => world_.backend.close() };
}
