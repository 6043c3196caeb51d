import { createHash, createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { SimulatedClock } from "../../test/support/simulated-clock.js";
import type { ContractError } from "../kernel/contract-error.js";
import { systemIds } from "../kernel/ids.js";
import { openMemory } from "../storage/memory/open-memory.js";
import { BrowserSessions } from "./browser-sessions.js";

const port = 7433;

async function setUp() {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const open = async (at = port): Promise<BrowserSessions> => {
    const sessions = await BrowserSessions.open({ backend, clock, ids: systemIds(clock) });
    await sessions.listenOn(at);
    return sessions;
  };
  return { clock, backend, open, sessions: await open(), [Symbol.asyncDispose]: () => backend.close() };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    (error: ContractError) => error.code,
  );

/** Signs a browser in; what it sends from then on. */
async function signIn(sessions: BrowserSessions): Promise<{ cookie: string; pageKey: string }> {
  const { setCookie, pageKey } = await sessions.signIn(sessions.tickets.create().ticket);
  return { cookie: setCookie.split(";")[0]!, pageKey };
}

test("[auth.ticket] a ticket works once", async () => {
  await using it = await setUp();
  const { ticket, expiresAt } = it.sessions.tickets.create();
  expect(ticket).toMatch(/^[A-Za-z0-9_-]{32}$/);
  expect(expiresAt).toBe(it.clock.now() + 60_000);
  expect(await codeOf(it.sessions.signIn(ticket))).toBe("ok");
  expect(await codeOf(it.sessions.signIn(ticket))).toBe("ticket_invalid");
  it.sessions.close();
});

test("[auth.ticket] a ticket used twice at once works once", async () => {
  await using it = await setUp();
  const { ticket } = it.sessions.tickets.create();
  const codes = await Promise.all([codeOf(it.sessions.signIn(ticket)), codeOf(it.sessions.signIn(ticket))]);
  expect(codes.sort()).toEqual(["ok", "ticket_invalid"]);
  it.sessions.close();
});

test("[auth.ticket] a ticket lives 60 seconds; one that was never made does not work", async () => {
  await using it = await setUp();
  const { ticket } = it.sessions.tickets.create();
  it.clock.advance(60_000);
  expect(await codeOf(it.sessions.signIn(ticket))).toBe("ticket_invalid");
  expect(await codeOf(it.sessions.signIn("A".repeat(32)))).toBe("ticket_invalid");
  it.sessions.close();
});

test("[auth.ticket] many tickets push the oldest out", async () => {
  await using it = await setUp();
  const first = it.sessions.tickets.create();
  for (let count = 0; count < 64; count += 1) {
    it.sessions.tickets.create();
  }
  const last = it.sessions.tickets.create();
  expect(await codeOf(it.sessions.signIn(first.ticket))).toBe("ticket_invalid");
  expect(await codeOf(it.sessions.signIn(last.ticket))).toBe("ok");
  it.sessions.close();
});

test("[auth.cookie] the cookie is for this site's requests only", async () => {
  await using it = await setUp();
  const { setCookie, pageKey, expiresAt } = await it.sessions.signIn(it.sessions.tickets.create().ticket);
  expect(setCookie).toMatch(
    /^parley_session=[A-Za-z0-9_-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
  );
  expect(pageKey).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(expiresAt).toBe(it.clock.now() + 12 * 3_600_000);
  it.sessions.close();
});

test("[trust.page-key] cookie and page key prove the console together, and neither does alone", async () => {
  await using it = await setUp();
  const { cookie, pageKey } = await signIn(it.sessions);
  const other = await signIn(it.sessions);
  const principal = it.sessions.verify(`theme=dark; ${cookie}; other=1`, pageKey);
  expect(principal).toMatchObject({ name: "console", kind: "browser", sessions: ["*"] });
  expect(principal!.scopes.has("system:admin")).toBe(true);
  for (const wrong of [undefined, "", "parley_session=", `x${cookie}`, `${cookie}x`, other.cookie])
    expect(it.sessions.verify(wrong, pageKey), wrong).toBeNull();
  for (const wrong of [undefined, "", `${pageKey}x`, cookie.split("=")[1], other.pageKey])
    expect(it.sessions.verify(cookie, wrong), wrong).toBeNull();
  expect(it.sessions.unproven(cookie)!.prove(pageKey)).toBe(principal);
  expect(it.sessions.unproven(cookie)!.prove(other.pageKey)).toBeNull();
  expect(it.sessions.unproven("parley_session=AAAAAAAAAAAAAAAAAAAA")).toBeNull();
  it.sessions.close();
});

test("[trust.page-key] cookies of the same name from other servers of the host do not hide the console's", async () => {
  await using it = await setUp();
  const { cookie, pageKey } = await signIn(it.sessions);
  const foreign = (count: number): string =>
    Array.from({ length: count }, (_, n) => `parley_session=${String(n).padStart(43, "A")}; `).join("");
  expect(it.sessions.verify(foreign(3) + cookie, pageKey)).not.toBeNull();
  expect(it.sessions.verify(foreign(4) + cookie, pageKey), "only so many are tried").toBeNull();
  it.sessions.close();
});

test("[auth.cookie-durable] a session outlives the process, hashed, and ends after 12 hours", async () => {
  await using it = await setUp();
  const { cookie, pageKey } = await signIn(it.sessions);
  it.sessions.close();
  const { entries } = await it.backend.list("cookies");
  expect(entries).toHaveLength(1);
  expect(JSON.stringify(entries)).not.toContain(cookie.split("=")[1]);
  expect(JSON.stringify(entries)).not.toContain(pageKey);
  it.clock.advance(11 * 3_600_000);
  const again = await it.open();
  const { ended } = again.verify(cookie, pageKey)!;
  it.clock.advance(3_600_000);
  expect(ended.aborted).toBe(true);
  expect(again.verify(cookie, pageKey)).toBeNull();
  again.close();
  const later = await it.open();
  expect(later.verify(cookie, pageKey)).toBeNull();
  expect((await it.backend.list("cookies")).entries).toEqual([]);
  later.close();
});

test("[trust.page-key] a session of an earlier version, whose cookie was enough, is removed at the start", async () => {
  await using it = await setUp();
  const { cookie, pageKey } = await signIn(it.sessions);
  const [{ key, rev, value }] = (await it.backend.list("cookies")).entries as [
    { key: string; rev: number; value: string },
  ];
  const { createdAt, expiresAt } = JSON.parse(value);
  await it.backend.cas("cookies", key, { expectRev: rev, value: JSON.stringify({ createdAt, expiresAt }) });
  const again = await it.open();
  for (const pageKeyNow of [undefined, "", pageKey]) expect(again.verify(cookie, pageKeyNow)).toBeNull();
  expect(again.unproven(cookie)).toBeNull();
  expect((await it.backend.list("cookies")).entries).toEqual([]);
  again.close();
});

test("[trust.page-port] a session counts on the port of its sign-in, and ends when the daemon has another", async () => {
  await using it = await setUp();
  const { cookie, pageKey } = await signIn(it.sessions);
  it.sessions.close();
  const early = await BrowserSessions.open({
    backend: it.backend,
    clock: it.clock,
    ids: systemIds(it.clock),
  });
  expect(early.verify(cookie, pageKey), "before the daemon listens").toBeNull();
  early.close();
  const same = await it.open();
  expect(same.verify(cookie, pageKey)).not.toBeNull();
  same.close();
  const moved = await it.open(port + 1);
  expect(moved.verify(cookie, pageKey)).toBeNull();
  moved.close();
  const back = await it.open();
  expect(back.verify(cookie, pageKey)).toBeNull();
  expect((await it.backend.list("cookies")).entries).toEqual([]);
  back.close();
});

test("[trust.page-proof] the daemon's answer to a nonce proves that it has the hash of the page key", async () => {
  await using it = await setUp();
  const { cookie, pageKey } = await signIn(it.sessions);
  const hashed = createHash("sha256").update(pageKey).digest();
  expect(it.sessions.answer(cookie, "nonce")).toBe(
    createHmac("sha256", hashed).update("nonce").digest("base64url"),
  );
  expect(it.sessions.answer("parley_session=AAAAAAAAAAAAAAAAAAAA", "nonce")).toBeNull();
  expect(it.sessions.answer(undefined, "nonce")).toBeNull();
  expect(it.sessions.verify(cookie, it.sessions.answer(cookie, "nonce")!), "the answer is no key").toBeNull();
  it.sessions.close();
});

test("[auth.clock-set] setting the wall clock neither ends nor prolongs a ticket or a session", async () => {
  await using it = await setUp();
  const { clock, sessions } = it;
  const { ticket } = sessions.tickets.create();
  const late = sessions.tickets.create().ticket;
  clock.step(3_600_000);
  const { setCookie, pageKey } = await sessions.signIn(ticket);
  const cookie = setCookie.split(";")[0]!;
  clock.step(-7_200_000);
  clock.advance(60_000);
  await expect(sessions.signIn(late)).rejects.toMatchObject({ code: "ticket_invalid" });
  clock.step(24 * 3_600_000);
  expect(sessions.verify(cookie, pageKey)).not.toBeNull();
  clock.step(-48 * 3_600_000);
  clock.advance(12 * 3_600_000);
  expect(sessions.verify(cookie, pageKey)).toBeNull();
});

test("[auth.sign-out] signing out ends the session here and at rest, and needs the page key", async () => {
  await using it = await setUp();
  const { cookie, pageKey } = await signIn(it.sessions);
  const { ended } = it.sessions.verify(cookie, pageKey)!;
  const removed = "parley_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0";
  for (const wrong of [undefined, "", "guess"])
    expect(await it.sessions.signOut(cookie, wrong)).toBe(removed);
  expect(it.sessions.verify(cookie, pageKey)).not.toBeNull();
  expect(await it.sessions.signOut(cookie, pageKey)).toBe(removed);
  expect(ended.aborted).toBe(true);
  expect(it.sessions.verify(cookie, pageKey)).toBeNull();
  expect((await it.backend.list("cookies")).entries).toEqual([]);
  expect(await it.sessions.signOut(undefined, undefined)).toBe(removed);
  it.sessions.close();
});
