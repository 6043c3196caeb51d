import { createEndpointsPlane, type EndpointsPlane } from "../../src/domains/federation/index.js";
import type { CommsLimits } from "../../src/domains/messaging/ports.js";
import type { CommsCommand } from "../../src/generated/types.js";
import type { Backend } from "../../src/kernel/backend.js";
import { silentLogger } from "../../src/kernel/logger.js";
import { createValidators, type Validators } from "../../src/kernel/validate.js";
import { openMemory } from "../../src/storage/memory/open-memory.js";
import { MemoryNet, type NetOptions } from "./memory-net.js";
import { SimulatedClock } from "./simulated-clock.js";
import { seededIds, settle } from "./simulation.js";
import { World } from "./world.js";

/** Daemons with their sessions, comms and endpoints, on one simulated clock and one network in memory. */
export class LinkedDaemons {
  readonly clock = new SimulatedClock();
  readonly net: MemoryNet;
  readonly #limits: Partial<CommsLimits>;
  readonly #seed: string;
  readonly #validators: Validators;

  constructor(
    options: NetOptions & { limits?: Partial<CommsLimits>; seed?: string; validators?: Validators } = {},
  ) {
    this.net = new MemoryNet(options);
    this.#limits = options.limits ?? {};
    this.#seed = options.seed ?? "linked";
    this.#validators = options.validators ?? createValidators();
  }

  /** Starts a daemon; on the store of an earlier one it is that one come back. */
  async start(name: string, store?: Backend, life = 1): Promise<LinkedDaemon> {
    const { clock, net } = this;
    const validators = this.#validators;
    const url = `http://${name}.test:7433`;
    const kept = store ?? openMemory({ clock });
    const { backend, die } = mortal(kept);
    const ids = seededIds(clock, `${this.#seed}/${name}/${life}`);
    let world: World;
    const endpoints = await createEndpointsPlane({
      backend,
      clock,
      ids,
      log: silentLogger,
      random: () => 0.5,
      hostName: name,
      urls: () => [url],
      dial: (to) => net.dial(url, to),
      isFrame: (value) => validators.message("endpoints.frame")(value),
      isEnvelope: (value) => validators.message("comms.envelope")(value),
      sessionsOf: (endpointId) => world.comms.farSessions(endpointId),
    });
    world = await World.start({
      clock,
      backend,
      seed: `${this.#seed}/${name}/${life}/planes`,
      limits: this.#limits,
      links: {
        to: endpoints.links,
        isCommand: (value): value is CommsCommand => validators.request("comms.send")(value).ok,
      },
    });
    net.listen(url, (wire) => endpoints.accept(wire));
    endpoints.start();
    const kill = async (): Promise<LinkedDaemon> => {
      die();
      net.leave(url);
      endpoints.close();
      await settle();
      return this.start(name, kept, life + 1);
    };
    return { name, url, world, endpoints, kill, leave: () => net.leave(url) };
  }

  /** Offers at one, accepts at the other, and waits until both know each other's sessions. */
  async pair(a: LinkedDaemon, b: LinkedDaemon): Promise<void> {
    const call = a.world.context();
    const offered = await a.endpoints.handlers.pair({ kind: "offer" }, call);
    if (offered.kind !== "offered") throw new Error("no code");
    await b.endpoints.handlers.pair({ kind: "accept", url: a.url, code: offered.code }, b.world.context());
    await settle(60);
  }

  /** Lets time pass, and what it sets going happen. */
  async pass(ms: number, step = 500): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      await settle();
    }
  }
}

export interface LinkedDaemon {
  readonly name: string;
  readonly url: string;
  readonly world: World;
  readonly endpoints: EndpointsPlane;
  /** The process dies at once; resolves to the one that starts after it on its store. */
  kill(): Promise<LinkedDaemon>;
  /** Nobody reaches it any more, and what was connected is cut. */
  leave(): void;
}

/** A store for one life of a process: when it dies, nothing more is written, and nobody hears of what was. */
function mortal(inner: Backend): { backend: Backend; die(): void } {
  let dead = false;
  const never = new Promise<never>(() => {});
  const alive = <T>(run: () => Promise<T>): Promise<T> =>
    dead ? never : run().then((value) => (dead ? never : value));
  return {
    die: () => {
      dead = true;
    },
    backend: {
      append: (log, entry) => alive(() => inner.append(log, entry)),
      cas: (bucket, key, change) => alive(() => inner.cas(bucket, key, change)),
      trim: (log, options) => alive(() => inner.trim(log, options)),
      read: (log, options) => alive(() => inner.read(log, options)),
      lastSeq: (log) => alive(() => inner.lastSeq(log)),
      get: (bucket, key) => alive(() => inner.get(bucket, key)),
      list: (bucket, prefix) => alive(() => inner.list(bucket, prefix)),
      tail: (log, options) => inner.tail(log, options),
      watch: (bucket, options) => inner.watch(bucket, options),
      signal: (topic, payload) => inner.signal(topic, payload),
      onSignal: (topic, listener) => inner.onSignal(topic, listener),
      info: () => inner.info(),
      close: async () => {},
    },
  };
}
