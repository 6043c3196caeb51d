import { localCall, type TestDaemon } from "../../support/daemon.js";

/**
 * One surface's own sessions, interactions and tokens. Every world has the same of each under names of the same shape,
 * so that an input means the same in all of them and what one surface does is not in another's way.
 */
export interface World {
  /** Tells names, keys and callers of this world from those of the others; no word of an error begins like it. */
  letter: string;
  /** May do everything. */
  token: string;
  /** May only read. */
  weakToken: string;
  /** What `{{name}}` in an input stands for. */
  values: Record<string, string>;
}

const scopes = [
  "system:read",
  "system:admin",
  "sessions:read",
  "sessions:write",
  "comms:read",
  "comms:write",
];

export async function makeWorld(daemon: TestDaemon, letter: string, source: string): Promise<World> {
  const issue = async (name: string, granted: string[]): Promise<string> => {
    const { secret } = await made(daemon, "/tokens", { name, scopes: granted, sessions: ["*"] });
    return secret as string;
  };
  return {
    letter,
    token: await issue(`fuzzer-${letter}`, scopes),
    weakToken: await issue(`reader-${letter}`, ["sessions:read", "comms:read"]),
    values: {
      letter,
      source,
      lease: `the-lease-of-world-${letter}`,
    },
  };
}

/**
 * Gives a world what it had at first, whatever became of that: live sessions, an interaction claimed and one waiting.
 * False when an input left one of the sessions with a holder that only its own token gets rid of; another generation has
 * sessions of other names.
 */
export async function furnish(daemon: TestDaemon, world: World, generation: number): Promise<boolean> {
  const { values, letter } = world;
  values.name = `${letter}-one${generation}`;
  values.other = `${letter}-two${generation}`;
  await sweepTokens(daemon);
  for (const name of [values.name, values.other]) {
    const lease = { lease_token: values.lease };
    await localCall(daemon.socketPath, "POST", `/sessions/${name}/close`, lease);
    const opening = { name, ttl_ms: 86_400_000, ...lease };
    const { status } = await localCall(daemon.socketPath, "POST", "/sessions", opening);
    if (status >= 400) return false;
  }
  const ask = async (): Promise<string> => {
    const command = { kind: "peer_request", to: values.name, intent: "ask", params: null };
    const sent = await made(daemon, "/comms/send", { ...command, stream: "reserve_interaction" });
    return sent.interaction_id as string;
  };
  values.claimed = await ask();
  const path = `/sessions/${values.name}`;
  const { claim } = await made(daemon, `${path}/drain`, { lease_token: values.lease });
  values.claim = (claim as { token: string }).token;
  values.waiting = await ask();
  const { body } = await localCall(daemon.socketPath, "GET", path);
  values.session = (body as { session: { session_id: string } }).session.session_id;
  const { token } = await made(daemon, "/tokens", { name: `spare-${world.letter}`, scopes: ["comms:read"] });
  values.token_id = (token as { token_id: string }).token_id;
  return true;
}

/** Inputs make tokens too; thousands would slow every call down. */
async function sweepTokens(daemon: TestDaemon): Promise<void> {
  const { body } = await localCall(daemon.socketPath, "GET", "/tokens");
  const { tokens } = body as { tokens: { token_id: string; name: string; revoked_at?: string }[] };
  for (const { token_id: id, name, revoked_at: revoked } of tokens)
    if (revoked === undefined && !/^(fuzzer|reader)-..$|^tester$/.test(name))
      await localCall(daemon.socketPath, "DELETE", `/tokens/${id}`);
}

async function made(daemon: TestDaemon, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await localCall(daemon.socketPath, "POST", path, body);
  if (answer.status >= 400)
    throw new Error(`POST ${path} ${JSON.stringify(body)} gave ${JSON.stringify(answer.body)}`);
  return answer.body as Record<string, unknown>;
}

/** An input's text as it is said in a world. */
export function filled(text: string, { values }: World): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name]! : whole,
  );
}

/** What is said back, with the world's own values taken out again, so that answers can be compared. */
export function generalised(text: string, { values }: World): string {
  let general = text;
  for (const [name, value] of Object.entries(values))
    if (name !== "letter" && name !== "source") general = general.replaceAll(value, `{{${name}}}`);
  return general;
}
