import type { Transport, TransportSource } from "../transport.js";
import type { Address } from "./address.js";
import { findDaemon, processSurroundings } from "./discovery.js";
import { NodeTransport } from "./node-transport.js";

/** The transport of a Node program: to the address given, else to the daemon found. */
export class NodeSource implements TransportSource {
  readonly #given: Address | undefined;
  readonly #token: string | undefined;
  readonly #keepAlive: boolean | undefined;
  #transport: NodeTransport | undefined;

  constructor(options: { baseUrl?: string; socketPath?: string; token?: string; keepAlive?: boolean }) {
    const { baseUrl, socketPath } = options;
    if (socketPath !== undefined) this.#given = { socketPath };
    else if (baseUrl !== undefined) this.#given = { url: new URL(baseUrl) };
    this.#token = options.token;
    this.#keepAlive = options.keepAlive;
  }

  get(): Promise<Transport> {
    this.#transport ??= new NodeTransport(
      this.#given ?? findDaemon(this.#token, processSurroundings()),
      this.#token,
      this.#keepAlive,
    );
    return Promise.resolve(this.#transport);
  }

  /** A daemon that was found is looked for again: it may have come back elsewhere. */
  forget(transport: Transport): void {
    if (this.#given !== undefined || transport !== this.#transport) return;
    this.#transport = undefined;
    transport.close();
  }

  close(): void {
    this.#transport?.close();
    this.#transport = undefined;
  }
}
