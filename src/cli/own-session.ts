import type { Parley } from "../../sdks/typescript/src/index.js";
import { UsageError } from "./arguments.js";
import type { GlobalOptions } from "./client.js";

/** The session of the user at the unix socket. */
const userSession = "user-local";

/** The session that calls with these options act as; a token's own is found among those that it may use. */
export async function ownSession(client: Parley, { as, baseUrl }: GlobalOptions): Promise<string> {
  if (as !== undefined) return as;
  if (baseUrl === undefined) return userSession;
  const { sessions } = await client.sessions.list();
  const own = sessions.filter(({ name, principal }) => name === `user-${principal}`);
  const [session] = own.length === 0 ? sessions : own;
  if (session !== undefined && (own.length === 1 || sessions.length === 1)) return session.name;
  const names = sessions.map(({ name }) => name).join(", ");
  throw new UsageError(
    sessions.length === 0
      ? "this token has no session yet; name the session"
      : `this token may use several sessions; name one of: ${names}`,
  );
}
