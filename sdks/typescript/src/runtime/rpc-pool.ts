import { Deadline } from "./deadline.js";
import type { ParleyError } from "./parley-error.js";
import { RpcConnection } from "./rpc-connection.js";
import type { Transport } from "./transport.js";

const openTimeout = 10_000;
const idleTimeout = 45_000;

/** The connections of unary calls: one per acting session, opened on first use and again after a loss. */
export class RpcPool {
  readonly #clientName: string;
  readonly #connections = new Map<string, Promise<RpcConnection>>();
  #transport: Transport | undefined;

  constructor(clientName: string) {
    this.#clientName = clientName;
  }

  /** The connection of a session; who waits for it to open can give up without the others. */
  async get(transport: Transport, session: string | undefined, deadline: Deadline): Promise<RpcConnection> {
    if (transport !== this.#transport) this.close();
    this.#transport = transport;
    const key = session ?? "";
    let opening = this.#connections.get(key);
    if (opening === undefined) {
      opening = this.#open(transport, session, key);
      this.#connections.set(key, opening);
    }
    return race(opening, deadline);
  }

  close(): void {
    for (const opening of this.#connections.values())
      opening.then(
        (connection) => connection.close(),
        () => {},
      );
    this.#connections.clear();
  }

  #open(transport: Transport, session: string | undefined, key: string): Promise<RpcConnection> {
    const deadline = new Deadline(openTimeout);
    const hello = { session, clientName: this.#clientName, idleTimeout };
    const opening = RpcConnection.open(transport, hello, deadline).finally(() => deadline.done());
    const forget = (): void => {
      if (this.#connections.get(key) === opening) this.#connections.delete(key);
    };
    opening.then((connection) => {
      if (connection.closed) forget();
      connection.onClosed = forget;
    }, forget);
    return opening;
  }
}

/** The promise's result, unless the deadline ends first. */
export function race<T>(promise: Promise<T>, deadline: Deadline): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = deadline.onFailure((failure: ParleyError) => reject(failure));
    promise.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}
