import type { Deadline } from "../deadline.js";
import { clientError } from "../errors.js";
import type { Transport, TransportSource } from "../transport.js";
import type { Address } from "./address.js";
import { lookForDaemon, processSurroundings, type Sighting, type Surroundings } from "./discovery.js";
import { noDaemonMessage, stillStartingMessage } from "./no-daemon.js";
import { NodeTransport } from "./node-transport.js";

export interface NodeSourceOptions {
  baseUrl?: string;
  socketPath?: string;
  token?: string;
  keepAlive?: boolean;
}

/** How long calls wait for a daemon that is starting, within their own time limit, and how often they look, milliseconds. */
const startWaitMs = 30_000;
const lookEveryMs = 50;

/** The transport of a Node program: to the address given, else to the unix socket of this user's daemon. */
export class NodeSource implements TransportSource {
  readonly #given: Address | undefined;
  readonly #token: string | undefined;
  readonly #keepAlive: boolean | undefined;
  readonly #surroundings: Surroundings;
  #transport: NodeTransport | undefined;
  /** A start that was waited for in vain is not waited for again: calls that are repeated would wait each time. */
  #waitedFor: number | undefined;

  constructor(
    { baseUrl, socketPath, token, keepAlive }: NodeSourceOptions,
    surroundings: Surroundings = processSurroundings,
  ) {
    if (baseUrl !== undefined && socketPath !== undefined)
      throw clientError("invalid_request", "Pass `baseUrl` or `socketPath`, not both.");
    if (socketPath !== undefined) this.#given = { socketPath };
    else if (baseUrl !== undefined) this.#given = { url: httpAddress(baseUrl) };
    this.#token = token;
    this.#keepAlive = keepAlive;
    this.#surroundings = surroundings;
  }

  async get(deadline?: Deadline): Promise<Transport> {
    if (this.#transport !== undefined) return this.#transport;
    if (this.#given !== undefined)
      this.#transport = new NodeTransport(this.#given, this.#token, this.#keepAlive);
    else {
      const socketPath = await this.#find(deadline);
      this.#transport ??= new NodeTransport({ socketPath }, this.#token, this.#keepAlive, () =>
        this.#noDaemon(),
      );
    }
    return this.#transport;
  }

  /** A daemon that was found is looked for again: it may have come back at another socket. */
  forget(transport: Transport): void {
    if (this.#given !== undefined || transport !== this.#transport) return;
    this.#transport = undefined;
    transport.close();
  }

  close(): void {
    this.#transport?.close();
    this.#transport = undefined;
  }

  /** The socket of this user's daemon; while one starts, the first that answers. */
  async #find(deadline: Deadline | undefined): Promise<string> {
    const { now, pause } = this.#surroundings;
    for (const since = now(); ; await pause(lookEveryMs)) {
      const { sockets, startingPid, pid, state } = this.#look();
      if (startingPid === undefined) {
        if (sockets[0] !== undefined) return sockets[0];
        throw clientError("daemon_unreachable", this.#noDaemon());
      }
      // A daemon that stops still has its socket for a moment; the one that is about to start is meant.
      const isEnding = state === "stopping" && pid !== undefined;
      if (!isEnding) for (const socket of sockets) if (await answers(socket)) return socket;
      if (deadline?.failure !== undefined) throw deadline.failure;
      const isLate = now() - since >= startWaitMs || startingPid === this.#waitedFor;
      // The call's own time limit would end it with a message about an answer that may still come.
      const isOver = deadline !== undefined && deadline.remaining < 2 * lookEveryMs;
      if (!isLate && !isOver) continue;
      if (isLate) this.#waitedFor = startingPid;
      throw clientError("daemon_unreachable", stillStartingMessage(startingPid));
    }
  }

  #look(): Sighting & { uid: number } {
    const { env, home, uid } = this.#surroundings;
    if (uid === undefined)
      throw clientError(
        "invalid_request",
        "This platform has no unix sockets that show their owner, so the client cannot find your daemon by itself: pass `baseUrl` and `token` (`--base-url` and `--token-file` on the command line).",
      );
    return { ...lookForDaemon({ env, home, uid }), uid };
  }

  #noDaemon(): string {
    const seen = this.#look();
    return noDaemonMessage(seen, seen.uid);
  }
}

function httpAddress(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url !== undefined && ["http:", "https:"].includes(url.protocol)) return url;
  const example = "write for example http://127.0.0.1:7433";
  throw clientError("invalid_request", `baseUrl "${baseUrl}" is not an http or https address; ${example}`);
}

/** Whether a process listens at the socket; nothing is sent. */
async function answers(socketPath: string): Promise<boolean> {
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    const probe = connect(socketPath);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
