import type { Parley } from "../../sdks/typescript/src/index.js";

/** The caller's sessions; the one that holds the interaction is first, because the daemon mints its id from the session's. */
export async function sessionsFor(client: Parley, interactionId: string): Promise<string[]> {
  const { sessions } = await client.sessions.list();
  const suffix = interactionId.slice(-8);
  const isHolder = (session: { session_id: string }): number => Number(session.session_id.endsWith(suffix));
  return sessions.toSorted((a, b) => isHolder(b) - isHolder(a)).map(({ name }) => name);
}
