import { localCall, type TestDaemon } from "./daemon.js";

/** Plays the host of a session call by call, so that a test decides what its log says. */
export class PlayedSession {
  readonly #daemon: TestDaemon;
  readonly name: string;
  readonly leaseToken: string;

  private constructor(daemon: TestDaemon, name: string, leaseToken: string) {
    this.#daemon = daemon;
    this.name = name;
    this.leaseToken = leaseToken;
  }

  static async open(daemon: TestDaemon, name: string, more: object = {}): Promise<PlayedSession> {
    const opened = await call(daemon, "/sessions", { name, ttl_ms: 600_000, ...more });
    return new PlayedSession(daemon, name, (opened.lease as { token: string }).token);
  }

  /** Sends the session a command; gives the interaction's id. */
  async receive(command: object, as?: string): Promise<string> {
    const sent = { to: this.name, ...command };
    const receipt = await call(this.#daemon, "/comms/send", sent, as);
    return receipt.interaction_id as string;
  }

  /** Claims what waits and emits these events of its first interaction, 64 a call. */
  async say(events: readonly object[]): Promise<{ interactionId: string; claimToken: string }> {
    const drained = await call(this.#daemon, `/sessions/${this.name}/drain`, {
      lease_token: this.leaseToken,
      max: 1,
    });
    const claimToken = (drained.claim as { token: string }).token;
    const interactionId = (drained.interactions as { interaction_id: string }[])[0]!.interaction_id;
    for (let at = 0; at < events.length; at += 64) {
      await call(this.#daemon, `/sessions/${this.name}/emit`, {
        claim_token: claimToken,
        interaction_id: interactionId,
        events: events.slice(at, at + 64),
      });
    }
    return { interactionId, claimToken };
  }

  async settle(claim: { interactionId: string; claimToken: string }, outcome: object): Promise<void> {
    await call(this.#daemon, `/sessions/${this.name}/settle`, {
      claim_token: claim.claimToken,
      interaction_id: claim.interactionId,
      outcome,
    });
  }
}

async function call(
  daemon: TestDaemon,
  path: string,
  body: object,
  as?: string,
): Promise<Record<string, unknown>> {
  const headers = as === undefined ? {} : { "parley-session": as };
  const answer = await localCall(daemon.socketPath, "POST", path, body, headers);
  if (answer.status >= 300) throw new Error(`${path} answered ${JSON.stringify(answer.body)}`);
  return answer.body as Record<string, unknown>;
}
