import type { Endpoint, Session } from "../../../../sdks/typescript/src/index.js";
import type { Finding } from "../doctor/finding.js";

type Problem = Pick<Finding, "state" | "says" | "fix">;

/** What a session's owner should look at. */
export interface Aside {
  name: string;
  held: { count: number; more: boolean };
  dead: { count: number; more: boolean };
}

/** What a policy holds back, and what ended without being done. */
export function asideProblems(asides: readonly Aside[]): Problem[] {
  return asides.flatMap(({ name, held, dead }): Problem[] => [
    ...(held.count === 0
      ? []
      : [
          {
            state: "warning" as const,
            says: `${many(held)} held for ${name}`,
            fix: `parley session held ${name}`,
          },
        ]),
    ...(dead.count === 0
      ? []
      : [
          {
            state: "warning" as const,
            says: `${many(dead)} for ${name} ended without being processed`,
            fix: `parley session dead ${name}`,
          },
        ]),
  ]);
}

function many({ count, more }: Aside["held"]): string {
  return count === 1 && !more ? "1 command" : `${count}${more ? " or more" : ""} commands`;
}

/** Work that waits for a host that is not there. A user's own inbox has no host and is read when the user wants to. */
export function sessionProblems(sessions: readonly Session[] | Error): Problem[] {
  if (sessions instanceof Error) return [];
  return sessions
    .filter(({ name, state, unread }) => state === "offline" && unread > 0 && !name.startsWith("user-"))
    .map(({ name, unread }) => ({
      state: "warning",
      says: `${unread === 1 ? "1 item waits" : `${unread} items wait`} for ${name}, which is offline`,
      fix: "start its host, for example with `parley agent`",
    }));
}

export function linkProblems(links: readonly Endpoint[] | Error): Problem[] {
  if (links instanceof Error) return [];
  return links
    .filter(({ state }) => state !== "connected")
    .map(({ name, state, last_seen_at }) => {
      const since = last_seen_at === undefined ? "it was never up" : `last up ${last_seen_at}`;
      return {
        state: state === "auth_failed" || state === "version_mismatch" ? "problem" : "warning",
        says: `the link to ${name} is ${state}; ${since}`,
        fix: linkFix(name, state),
      };
    });
}

function linkFix(name: string, state: Endpoint["state"]): string {
  if (state === "auth_failed")
    return `\`parley endpoint remove ${name}\` here and its counterpart there, then pair both again`;
  if (state === "version_mismatch") return "upgrade the older of the two daemons";
  return "start the daemon there; the link comes back by itself";
}
