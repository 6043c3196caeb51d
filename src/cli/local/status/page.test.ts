import { expect, test } from "vitest";
import type { Endpoint, Session } from "../../../../sdks/typescript/src/index.js";
import { type StatusFacts, statusPage } from "./page.js";
import { asideProblems, linkProblems, sessionProblems } from "./problems.js";

const session = (name: string, state: Session["state"], unread: number, description?: string): Session => ({
  session_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f",
  name,
  principal: "local",
  state,
  created_at: "2026-11-21T09:30:00.000Z",
  unread,
  last_sequence: 0,
  ...(description === undefined ? {} : { description }),
});
const link = (name: string, state: Endpoint["state"]): Endpoint => ({
  endpoint_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f",
  name,
  urls: ["http://192.168.1.20:7433", "http://laptop.local:7433"],
  state,
  paired_at: "2026-11-21T09:30:00.000Z",
  last_seen_at: "2026-11-21T09:31:00.000Z",
  key_id: "9f86d081884c7d65",
  knows_key: true,
  sessions: 3,
});
const sessions = [
  session("idle", "offline", 0),
  session(
    "waiting",
    "offline",
    3,
    "reviews what the others wrote, in every language that they write in, and answers",
  ),
  session("planner", "live", 0, "plans"),
  session("user-local", "offline", 9),
];
const links = [link("laptop", "connected"), link("gpu-box", "auth_failed"), link("attic", "disconnected")];
const facts: StatusFacts = {
  status: {
    version: "0.3.0",
    contract: "0.3.0",
    digest: "0123456789abcdef",
    instance_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f",
    pid: 4_242,
    started_at: "2026-11-21T09:30:00.000Z",
    uptime_ms: 11_580_000,
    address: "http://127.0.0.1:7433",
    socket_path: `/run/user/1000/${"a-folder-with-a-long-name/".repeat(3)}daemon.sock`,
    store: { engine: "sqlite", durability: "fsync", path: "/home/ann/.local/share/parley/parley.db" },
    counts: { sessions: 4, live_sessions: 1, connections: 1, streams: 2 },
    limits: {
      inbox_max: 1_024,
      unread_per_sender: 50,
      sends_per_second: 200,
      sends_burst: 1_000,
      loop_turns: 1_000,
      loop_repeats: 16,
    },
  },
  sessions,
  links,
  problems: [
    ...sessionProblems(sessions),
    ...asideProblems([
      { name: "planner", held: { count: 1, more: false }, dead: { count: 50, more: true } },
      { name: "idle", held: { count: 0, more: false }, dead: { count: 0, more: false } },
    ]),
    ...linkProblems(links),
  ],
  log: "/home/ann/.local/state/parley/daemon.log",
  home: "/home/ann",
};

const pageText = (shown: StatusFacts, width: number | undefined): string =>
  statusPage(shown, width)
    .map((line) => line.join(""))
    .join("\n");

test.each([60, 80, 100])(
  "[cli.status-page] the page fits into %i characters and keeps what has to be typed",
  (width) => {
    const page = pageText(facts, width);
    for (const line of page.split("\n")) expect(line.length, line).toBeLessThanOrEqual(width);
    expect(page).toMatch(/^Daemon {3}parley 0\.3\.0, pid 4242, up 3 h 13 min/);
    expect(page).toContain("Log      ~/.local/state/parley/daemon.log");
    expect(page).toContain("Open     1 connection, 2 streams");
    // Live ones first, then those for which something waits.
    expect(page).toMatch(
      /Sessions {2}1 online, 3 offline\nNAME.*\nplanner .*\nwaiting .*\nuser-local .*\nidle/,
    );
    expect(page).toMatch(/Links {2}1 connected, 2 not\nNAME.*\nlaptop .*connected/);
    expect(page).toContain("Problems  5");
    const words = page.replaceAll(/\s+/g, " ");
    expect(words).toContain("warning 3 items wait for waiting, which is offline");
    expect(words).toContain("warning 1 command held for planner fix: parley session held planner");
    expect(words).toContain("50 or more commands for planner ended without being processed");
    expect(words).toContain("problem the link to gpu-box is auth_failed");
    expect(words).toContain("fix: parley endpoint remove gpu-box here");
    expect(words).not.toContain("user-local, which");
  },
);

test("[cli.status-page] without a terminal nothing is cut or wrapped", () => {
  const page = pageText(facts, undefined);
  expect(page).toContain(`Socket   ${facts.status.socket_path}\n`);
  expect(page).toContain("in every language that they write in, and answers");
});

test("[cli.status-page] an empty daemon teaches what to type, refused parts give their reason, and many sessions fit", () => {
  const empty = pageText({ ...facts, sessions: [], links: [], problems: [] }, 80);
  expect(empty).toContain("Sessions\nnone; an agent to try: parley agent echo");
  expect(empty).toContain("Links\nnone; parley endpoint pair");
  expect(empty).toMatch(/Problems\nnone$/);
  const refused = pageText({ ...facts, sessions: new Error("The token lacks sessions:read.") }, 80);
  expect(refused).toContain("Sessions\nnot shown: The token lacks sessions:read.");
  const many = Array.from({ length: 500 }, (_, at) => session(`agent-${at}`, "offline", 0));
  const page = pageText({ ...facts, sessions: many }, 80);
  expect(page).toContain("and 480 more: parley session list");
  expect(page.split("\n").length).toBeLessThan(60);
});

test("[cli.status-page] what others wrote cannot steer the terminal", () => {
  const hostile = [session("evil", "live", 0, "\u001b[2Jgone")];
  const page = pageText(
    { ...facts, sessions: hostile, problems: [{ state: "warning", says: "\u001b[2J" }] },
    80,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  expect(page).not.toMatch(/\u001b/);
});
