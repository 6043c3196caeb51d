import { createServer } from "node:http";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { createEndpointsPlane, type EndpointsPlane } from "../../../src/domains/federation/index.js";
import { dialLink } from "../../../src/domains/federation/routes/dial-link.js";
import { createLinkRoute } from "../../../src/domains/federation/routes/link-route.js";
import { systemClock } from "../../../src/kernel/clock.js";
import { systemIds } from "../../../src/kernel/ids.js";
import { silentLogger } from "../../../src/kernel/logger.js";
import type { Validators } from "../../../src/kernel/validate.js";
import { openMemory } from "../../../src/storage/memory/open-memory.js";
import { World } from "../../support/world.js";
import type { Seeded } from "../kit/seeded.js";

/** How long the last results may take, milliseconds: a daemon dials again up to 30 s after cuts that hit its dialling. */
const patienceMs = 120_000;

interface Daemon {
  readonly world: World<typeof systemClock>;
  readonly endpoints: EndpointsPlane;
  readonly url: string;
  readonly proxy: CutProxy;
  close(): Promise<void>;
}

/** As `life`, over WebSockets on real sockets behind proxies that reset them; real time. */
export async function socketLife(
  random: Seeded,
  cuts: number,
  validators: Validators,
): Promise<{ cuts: number; sent: number; violations: string[] }> {
  const a = await start("alpha", validators);
  const b = await start("beta", validators);
  try {
    const worker = await b.world.host("worker");
    const offered = await b.endpoints.handlers.pair({ kind: "offer" }, b.world.context());
    if (offered.kind !== "offered") throw new Error("no code");
    await a.endpoints.handlers.pair({ kind: "accept", url: b.url, code: offered.code }, a.world.context());
    await until(async () => (await peersOf(a)).includes("worker-beta"));
    const sent: string[] = [];
    const done = new Map<string, number>();
    const work = async (): Promise<void> => {
      for (const item of await worker.drain(16)) {
        done.set(item.envelope_id, (done.get(item.envelope_id) ?? 0) + 1);
        await worker.settle(item.interaction_id, { kind: "done", result: item.envelope_id });
      }
    };
    let cut = 0;
    while (cut < cuts) {
      const receipt = await a.world.call(
        "comms.send",
        { kind: "peer_message", to: "worker-beta", body: `${sent.length}` },
        { session: "asker" },
      );
      if ("interaction_id" in receipt) sent.push(receipt.interaction_id);
      if (random.chance(0.5)) await pause(random.between(0, 20));
      // Resets what is open, if anything is: a link that is being made counts too.
      cut += a.proxy.cut() + b.proxy.cut();
      await work();
      await pause(random.between(5, 120));
    }
    const open = new Set(sent);
    const violations: string[] = [];
    await until(async () => {
      await work();
      for (const id of [...open]) {
        const events = await a.world.read({ kind: "interaction", interaction_id: id });
        const ends = events.filter(({ event }) => event.kind === "interaction_complete").length;
        if (ends > 1) violations.push(`${id} was completed ${ends} times`);
        if (ends > 0) open.delete(id);
      }
      return open.size === 0;
    }).catch(() => violations.push(`${open.size} of ${sent.length} were never completed`));
    for (const [id, count] of done) if (count > 1) violations.push(`${id} was done ${count} times`);
    if (done.size !== sent.length) violations.push(`${sent.length} were sent and ${done.size} done`);
    return { cuts: cut, sent: sent.length, violations };
  } finally {
    await a.close();
    await b.close();
  }
}

async function start(name: string, validators: Validators): Promise<Daemon> {
  const clock = systemClock;
  const ids = systemIds(clock);
  const backend = openMemory({ clock });
  const server = createServer();
  await listening(server);
  const proxy = new CutProxy((server.address() as AddressInfo).port);
  const url = `http://127.0.0.1:${await proxy.listen()}`;
  const endpoints = await createEndpointsPlane({
    backend,
    clock,
    ids,
    log: silentLogger,
    random: () => 0,
    hostName: name,
    urls: () => [url],
    dial: dialLink,
    isFrame: (value) => validators.message("endpoints.frame")(value),
    isEnvelope: (value) => validators.message("comms.envelope")(value),
    sessionsOf: () => 0,
  });
  const route = createLinkRoute({
    auth: { admit() {}, authenticate: () => null, unproven: () => null },
    refuse: (socket) => socket.destroy(),
    checkVersion() {},
    accept: (wire) => endpoints.accept(wire),
  });
  server.on("upgrade", (request, socket, head) => route.handleUpgrade(request, socket, head));
  const isCommand = (value: unknown): value is never => validators.request("comms.send")(value).ok;
  const world = await World.start<typeof systemClock>({
    clock,
    backend,
    seed: `${name}/${ids.uuid()}`,
    limits: { unreadPerSender: 1_000 },
    links: { to: endpoints.links, isCommand },
  });
  endpoints.start();
  return {
    world,
    endpoints,
    url,
    proxy,
    async close() {
      endpoints.close();
      proxy.close();
      server.close();
      await world.stop();
    },
  };
}

/** A TCP proxy that resets the connections that it carries. */
class CutProxy {
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(port: number) {
    this.#server = createTcpServer((client) => {
      const upstream = connect(port, "127.0.0.1");
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#open.add(from);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          this.#open.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  async listen(): Promise<number> {
    await listening(this.#server);
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections it reset. */
  cut(): number {
    const count = this.#open.size / 2;
    for (const socket of this.#open) socket.resetAndDestroy();
    return Math.floor(count);
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

function listening(server: Server | ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

async function peersOf({ world }: Daemon): Promise<string[]> {
  return (await world.call("comms.peers", {}, { session: "asker" })).peers.map(({ name }) => name);
}

async function until(probe: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await probe())) {
    if (performance.now() > end) throw new Error("waited in vain");
    await pause(25);
  }
}
