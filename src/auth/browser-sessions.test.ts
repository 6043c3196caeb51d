import { expect, test } from "vitest";
import { SimulatedClock } from "../../test/support/simulated-clock.js";
import type { ContractError } from "../kernel/contract-error.js";
import { systemIds } from "../kernel/ids.js";
import { openMemory } from "../storage/memory/open-memory.js";
import { BrowserSessions } from "./browser-sessions.js";

async function setUp() {
  const clock = new SimulatedClock();
  const backend = openMemory({ clock });
  const open = (): Promise<BrowserSessions> =>
    BrowserSessions.open({ backend, clock, ids: systemIds(clock) });
  return { clock, backend, open, sessions: await open(), [Symbol.asyncDispose]: () => backend.close() };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    (error: ContractError) => error.code,
  );

const headerOf = (setCookie: string): string => setCookie.split(";")[0]!;

test("[auth.ticket] a ticket works once", async () => {
  await using it = await setUp();
  const { ticket, expiresAt } = it.sessions.create();
  expect(ticket).toMatch(/^[A-Za-z0-9_-]{32}$/);
  expect(expiresAt).toBe(it.clock.now() + 60_000);
  expect(await codeOf(it.sessions.signIn(ticket))).toBe("ok");
  expect(await codeOf(it.sessions.signIn(ticket))).toBe("ticket_invalid");
  it.sessions.close();
});

test("[auth.ticket] a ticket used twice at once works once", async () => {
  await using it = await setUp();
  const { ticket } = it.sessions.create();
  const codes = await Promise.all([codeOf(it.sessions.signIn(ticket)), codeOf(it.sessions.signIn(ticket))]);
  expect(codes.sort()).toEqual(["ok", "ticket_invalid"]);
  it.sessions.close();
});

test("[auth.ticket] a ticket lives 60 seconds; one that was never made does not work", async () => {
  await using it = await setUp();
  const { ticket } = it.sessions.create();
  it.clock.advance(60_000);
  expect(await codeOf(it.sessions.signIn(ticket))).toBe("ticket_invalid");
  expect(await codeOf(it.sessions.signIn("A".repeat(32)))).toBe("ticket_invalid");
  it.sessions.close();
});

test("[auth.ticket] many tickets push the oldest out", async () => {
  await using it = await setUp();
  const first = it.sessions.create();
  for (let count = 0; count < 64; count += 1) {
    it.sessions.create();
  }
  const last = it.sessions.create();
  expect(await codeOf(it.sessions.signIn(first.ticket))).toBe("ticket_invalid");
  expect(await codeOf(it.sessions.signIn(last.ticket))).toBe("ok");
  it.sessions.close();
});

test("[auth.cookie] the cookie is for this site's requests only and proves the console", async () => {
  await using it = await setUp();
  const cookie = await it.sessions.signIn(it.sessions.create().ticket);
  expect(cookie).toMatch(
    /^parley_session=[A-Za-z0-9_-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
  );
  const principal = it.sessions.verify(`theme=dark; ${headerOf(cookie)}; other=1`);
  expect(principal).toMatchObject({ name: "console", kind: "browser", sessions: ["*"] });
  expect(principal!.scopes.has("system:admin")).toBe(true);
  for (const wrong of [undefined, "", "parley_session=", `x${headerOf(cookie)}`, `${headerOf(cookie)}x`]) {
    expect(it.sessions.verify(wrong)).toBeNull();
  }
  it.sessions.close();
});

test("[auth.cookie-durable] a session outlives the process, hashed, and ends after 12 hours", async () => {
  await using it = await setUp();
  const cookie = headerOf(await it.sessions.signIn(it.sessions.create().ticket));
  it.sessions.close();
  const { entries } = await it.backend.list("cookies");
  expect(JSON.stringify(entries)).not.toContain(cookie.split("=")[1]);
  it.clock.advance(11 * 3_600_000);
  const again = await it.open();
  const { ended } = again.verify(cookie)!;
  it.clock.advance(3_600_000);
  expect(ended.aborted).toBe(true);
  expect(again.verify(cookie)).toBeNull();
  again.close();
  const later = await it.open();
  expect(later.verify(cookie)).toBeNull();
  expect((await it.backend.list("cookies")).entries).toEqual([]);
  later.close();
});

test("[auth.clock-set] setting the wall clock neither ends nor prolongs a ticket or a session", async () => {
  await using it = await setUp();
  const { clock, sessions } = it;
  const { ticket } = sessions.create();
  const late = sessions.create().ticket;
  clock.step(3_600_000);
  const cookie = (await sessions.signIn(ticket)).split(";")[0]!;
  clock.step(-7_200_000);
  clock.advance(60_000);
  await expect(sessions.signIn(late)).rejects.toMatchObject({ code: "ticket_invalid" });
  clock.step(24 * 3_600_000);
  expect(sessions.verify(cookie)).not.toBeNull();
  clock.step(-48 * 3_600_000);
  clock.advance(12 * 3_600_000);
  expect(sessions.verify(cookie)).toBeNull();
});

test("[auth.sign-out] signing out ends the session here and at rest", async () => {
  await using it = await setUp();
  const cookie = headerOf(await it.sessions.signIn(it.sessions.create().ticket));
  const { ended } = it.sessions.verify(cookie)!;
  expect(await it.sessions.signOut(cookie)).toBe(
    "parley_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0",
  );
  expect(ended.aborted).toBe(true);
  expect(it.sessions.verify(cookie)).toBeNull();
  expect((await it.backend.list("cookies")).entries).toEqual([]);
  expect(await it.sessions.signOut(undefined)).toContain("Max-Age=0");
  it.sessions.close();
});
