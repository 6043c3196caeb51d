import type { Endpoint, Session, SystemStatusResponse } from "../../../../sdks/typescript/src/index.js";
import { visibleLine } from "../../../terminal-text.js";
import { type Line, paint } from "../../output.js";
import { presenceOf } from "../../presence.js";
import { tableLines } from "../../table.js";
import type { Finding } from "../doctor/finding.js";

/** What the page shows. A part that the daemon refuses to this caller is its error. */
export interface StatusFacts {
  status: SystemStatusResponse;
  sessions: readonly Session[] | Error;
  links: readonly Endpoint[] | Error;
  problems: readonly Pick<Finding, "state" | "says" | "fix">[];
  /** Where the log goes; undefined for a daemon of another machine. */
  log: string | undefined;
  home: string | undefined;
}

const labelWidth = 9;
const mostSessions = 20;

/** The lines of one page for a terminal of `width` characters; without a width nothing is wrapped or cut. */
export function statusPage(facts: StatusFacts, width: number | undefined): Line[] {
  const { sessions, links, problems } = facts;
  return [
    ...plain(daemonLines(facts, width)),
    [],
    heading(
      "Sessions",
      sessions instanceof Error || sessions.length === 0 ? undefined : sessionCounts(sessions),
    ),
    ...sessionLines(sessions, width),
    [],
    heading("Links", links instanceof Error || links.length === 0 ? undefined : linkCounts(links)),
    ...linkLines(links, width),
    [],
    heading("Problems", problems.length === 0 ? undefined : `${problems.length}`),
    ...(problems.length === 0 ? [["none"]] : problems.flatMap((problem) => problemLines(problem, width))),
  ];
}

function daemonLines({ status, log, home }: StatusFacts, width: number | undefined): string[] {
  const { store, counts } = status;
  const short = (path: string): string => shorten(path, home);
  const rows: [string, string | undefined][] = [
    [
      "Daemon",
      `parley ${status.version}, pid ${status.pid}, up ${duration(status.uptime_ms)}, contract ${status.contract}`,
    ],
    ["Address", status.address],
    ["Socket", status.socket_path && short(status.socket_path)],
    [
      "Store",
      [`${store.engine}, durability ${store.durability}`, store.path && short(store.path)]
        .filter(Boolean)
        .join(", "),
    ],
    ["Config", status.config_path === undefined ? "defaults" : short(status.config_path)],
    ["Log", log && short(log)],
    ["Open", `${counted(counts.connections, "connection")}, ${counted(counts.streams, "stream")}`],
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : labelled(label, value, width)));
}

/** Sessions that are online come first, then those for which something waits. */
export function shownSessions(sessions: readonly Session[]): readonly Session[] {
  const rank = ({ state, unread }: Session): number => (state === "live" ? 0 : unread > 0 ? 1 : 2);
  return sessions.toSorted((one, other) => rank(one) - rank(other)).slice(0, mostSessions);
}

function sessionCounts(sessions: readonly Session[]): string {
  const online = sessions.filter(({ state }) => state === "live").length;
  return `${online} online, ${sessions.length - online} offline`;
}

function sessionLines(sessions: StatusFacts["sessions"], width: number | undefined): Line[] {
  if (sessions instanceof Error) return plain(wrap(`not shown: ${sessions.message}`, width));
  if (sessions.length === 0)
    return plain(wrap("none; an agent to try: parley agent echo --name echo &", width));
  const shown = shownSessions(sessions);
  const rest = sessions.length - shown.length;
  return [
    ...table(
      shown.map((session) => ({ ...session, state: presenceOf(session.state) })),
      ["name", "state", "unread", "description"],
      width,
    ),
    ...(rest > 0 ? [[`and ${rest} more: parley session list`]] : []),
  ];
}

function linkCounts(links: readonly Endpoint[]): string {
  const connected = links.filter(({ state }) => state === "connected").length;
  return `${connected} connected, ${links.length - connected} not`;
}

function linkLines(links: StatusFacts["links"], width: number | undefined): Line[] {
  if (links instanceof Error) return plain(wrap(`not shown: ${links.message}`, width));
  if (links.length === 0)
    return plain(wrap("none; parley endpoint pair adds a daemon of another machine", width));
  return table(links, ["name", "state", "sessions", "last_seen_at", "urls"], width);
}

function problemLines(
  { state, says, fix }: StatusFacts["problems"][number],
  width: number | undefined,
): Line[] {
  const [first = "", ...more] = labelled(state, says, width);
  const colour = state === "problem" ? "red" : "yellow";
  return [
    [paint(colour, first.slice(0, state.length)), first.slice(state.length)],
    ...plain(more),
    ...(fix === undefined ? [] : plain(labelled("", `fix: ${fix.replaceAll("`", "")}`, width))),
  ];
}

function heading(title: string, counts: string | undefined): Line {
  return counts === undefined ? [paint("bold", title)] : [paint("bold", title), `  ${counts}`];
}

function table(rows: readonly unknown[], columns: readonly string[], width: number | undefined): Line[] {
  const [header = "", ...lines] = tableLines(rows, columns, width);
  return [[paint("bold", header)], ...plain(lines)];
}

function plain(lines: readonly string[]): Line[] {
  return lines.map((line) => [line]);
}

function labelled(label: string, value: string, width: number | undefined): string[] {
  const lines = wrap(value, width === undefined ? undefined : width - labelWidth);
  return lines.map((line, at) => `${(at === 0 ? label : "").padEnd(labelWidth)}${line}`);
}

/** Breaks at spaces, and inside of what is longer than a line, for example a path. */
function wrap(text: string, width: number | undefined): string[] {
  if (width === undefined) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of visibleLine(text).split(" ")) {
    if (line !== "" && line.length + 1 + word.length <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return [...lines, line];
}

function shorten(path: string, home: string | undefined): string {
  return home !== undefined && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(ms / 1_000)} s`;
}
