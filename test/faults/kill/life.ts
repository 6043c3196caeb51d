import { createClient, type Parley, ParleyError } from "../../../sdks/typescript/src/index.js";
import type { TestDaemon } from "../../support/daemon.js";
import { localCall } from "../../support/daemon.js";
import type { Seeded } from "../kit/seeded.js";
import type { Ledger, Wire } from "./ledger.js";

/** One life of the daemon, from its start to its kill, as its clients have it. */
export class Life {
  /** Over the unix socket, JSON-RPC by POST. */
  readonly local: Parley;
  /** Over TCP with a token, JSON-RPC on a WebSocket. */
  readonly remote: Parley;
  readonly ledger: Ledger;
  readonly random: Seeded;
  readonly #daemon: TestDaemon;
  readonly #over = new AbortController();

  readonly #expected: ReadonlySet<string>;

  /** `expected` are refusals that may come before the end, besides those of a connection that breaks. */
  constructor(daemon: TestDaemon, ledger: Ledger, random: Seeded, expected: readonly string[] = []) {
    const { socketPath, address: baseUrl, token } = daemon;
    this.local = createClient({ socketPath, retries: 0 });
    this.remote = createClient({ baseUrl, token, retries: 0 });
    this.ledger = ledger;
    this.random = random;
    this.#daemon = daemon;
    this.#expected = new Set([...ofTheKill, ...expected]);
  }

  /** Aborts when the daemon is killed. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get over(): boolean {
    return this.#over.signal.aborted;
  }

  end(): void {
    this.#over.abort();
  }

  async close(): Promise<void> {
    await Promise.all([this.local.close(), this.remote.close()]);
  }

  /** The refusal's code, or undefined when the daemon was killed before it answered. */
  refusal(error: unknown): string | undefined {
    const code = error instanceof ParleyError || error instanceof Refused ? error.code : undefined;
    if (code === undefined || this.#expected.has(code)) return undefined;
    return code === "internal" ? `internal, ${(error as Error).message}` : code;
  }

  async send(command: object, key: string, wire: Wire): Promise<Receipt> {
    if (wire === "rest") {
      const { status, body } = await localCall(this.#daemon.socketPath, "POST", "/comms/send", command);
      if (status !== 200) throw new Refused((body as { code?: string }).code ?? `${status}`);
      return body as Receipt;
    }
    const client = wire === "post" ? this.local : this.remote;
    const options = { idempotencyKey: key, signal: this.signal };
    return (await client.send(command as Parameters<Parley["send"]>[0], options)) as Receipt;
  }
}

export interface Receipt {
  interaction_id: string;
  deduplicated: boolean;
}

class Refused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** What ends with a killed daemon; anything else is an answer that nobody should get. */
const ofTheKill: readonly string[] = [
  "daemon_unreachable",
  "request_cancelled",
  "deadline_exceeded",
  "stream_closed",
];
