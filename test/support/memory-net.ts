import { ContractError } from "../../src/kernel/contract-error.js";
import type { Wire, WireListener } from "../../src/kernel/wire.js";

/** What is done to a message on its way: `drop` loses it and ends the connection, `lose` only loses it. */
export type Fate = "pass" | "drop" | "lose";

export interface NetOptions {
  /** Asked for every message, in order. */
  fate?: (from: string, to: string, data: string | Buffer) => Fate;
}

/** Daemons by address, and the connections between them, in memory: messages stay whole and in order. */
export class MemoryNet {
  readonly #listening = new Map<string, (wire: Wire) => void>();
  readonly #away = new Set<string>();
  readonly #open = new Set<Ends>();
  readonly #options: NetOptions;
  dialled = 0;

  constructor(options: NetOptions = {}) {
    this.#options = options;
  }

  listen(url: string, accept: (wire: Wire) => void): void {
    this.#listening.set(url, accept);
    this.#away.delete(url);
  }

  /** Until it listens again nobody reaches it, it reaches nobody, and what was connected is cut. */
  leave(url: string): void {
    this.#listening.delete(url);
    this.#away.add(url);
    this.cut(url);
  }

  /** Ends every connection of the address, or all. */
  cut(url?: string): void {
    for (const ends of [...this.#open]) if (url === undefined || ends.touches(url)) ends.cut();
  }

  get connections(): number {
    return this.#open.size;
  }

  /** Connects from one address to another. */
  dial = async (from: string, to: string): Promise<Wire> => {
    const accept = this.#away.has(from) ? undefined : this.#listening.get(to);
    this.dialled += 1;
    if (accept === undefined) throw new ContractError("endpoint_unreachable");
    const ends = new Ends(from, to, this.#options.fate ?? (() => "pass"), () => this.#open.delete(ends));
    this.#open.add(ends);
    accept(ends.answerer);
    return ends.dialer;
  };
}

/** One connection. */
class Ends {
  readonly dialer: Wire;
  readonly answerer: Wire;
  readonly #addresses: readonly [string, string];
  readonly #sides: [Side, Side];
  readonly #fate: NonNullable<NetOptions["fate"]>;
  readonly #gone: () => void;
  #over = false;

  constructor(from: string, to: string, fate: NonNullable<NetOptions["fate"]>, gone: () => void) {
    this.#addresses = [from, to];
    this.#fate = fate;
    this.#gone = gone;
    this.#sides = [new Side(), new Side()];
    this.dialer = this.#wire(0);
    this.answerer = this.#wire(1);
  }

  touches(url: string): boolean {
    return this.#addresses.includes(url);
  }

  cut(): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone();
    for (const side of this.#sides) side.put(undefined);
  }

  #wire(own: 0 | 1): Wire {
    const other = own === 0 ? 1 : 0;
    return {
      local: true,
      send: (data) => {
        if (this.#over) return;
        const fate = this.#fate(this.#addresses[own], this.#addresses[other], data);
        if (fate === "drop") this.cut();
        if (fate === "pass")
          this.#sides[other].put({ data: Buffer.from(data), isText: typeof data === "string" });
      },
      close: () => {
        this.#sides[own].silence();
        if (this.#over) return;
        this.#over = true;
        this.#gone();
        this.#sides[other].put(undefined);
      },
      listen: (listener) => this.#sides[own].listen(listener),
    };
  }
}

/** What one end still has to hear. */
class Side {
  #listener: WireListener | undefined;
  #queue: ({ data: Buffer; isText: boolean } | undefined)[] = [];
  #scheduled = false;
  #silent = false;

  put(item: { data: Buffer; isText: boolean } | undefined): void {
    this.#queue.push(item);
    this.#schedule();
  }

  silence(): void {
    this.#silent = true;
  }

  listen(listener: WireListener): void {
    this.#listener = listener;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#listener === undefined || this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const item = this.#queue.shift();
      if (this.#silent) return;
      if (item === undefined) this.#listener?.closed();
      else this.#listener?.message(item.data, item.isText);
      this.#schedule();
    });
  }
}
