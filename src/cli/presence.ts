import type { Session } from "../../sdks/typescript/src/index.js";

/** The word for people: a session is online or offline, as its peers see it. The contract's state for it is `live`. */
export function presenceOf(state: Session["state"]): string {
  return state === "live" ? "online" : String(state);
}

/** A response about sessions as people read it. */
export function withPresence(response: unknown): unknown {
  const { session, sessions } = (response ?? {}) as { session?: Session; sessions?: Session[] };
  if (isSession(session)) return { ...(response as object), session: shown(session) };
  if (Array.isArray(sessions) && sessions.every(isSession))
    return { ...(response as object), sessions: sessions.map(shown) };
  return response;
}

function isSession(value: unknown): value is Session {
  return typeof value === "object" && value !== null && "session_id" in value && "state" in value;
}

function shown(session: Session): object {
  return { ...session, state: presenceOf(session.state) };
}
