import { sendableKinds } from "../../../src/domains/messaging/routing/route-source.js";
import type {
  CommsCommand,
  InboundAction,
  InboundPolicy,
  SendableKind,
} from "../../../src/generated/types.js";
import type { ContractError } from "../../../src/kernel/contract-error.js";
import { openMemory } from "../../../src/storage/memory/open-memory.js";
import { SimulatedClock } from "../../support/simulated-clock.js";
import { uncapped } from "../../support/uncapped.js";
import { World } from "../../support/world.js";
import { type Seeded, seeded } from "../kit/seeded.js";
import { FarPeers } from "./far-peers.js";
import { slowStore } from "./slow-store.js";

const names = ["ann", "bob", "cat", "dan", "eve", "user-local"];
const farIds = [1, 2, 3].map((n) => `00000000-0000-7000-8000-00000000000${n}`);
/** Steps of one topology, and how many of them are followed by a look. */
const steps = { least: 4, most: 16 };
const unresolved = new Set(["peer_not_found", "peer_not_sendable", "self_session_denied"]);

export interface TopologyResult {
  violations: string[];
  looks: number;
  /** Pairs of peer and kind that were listed, and those that were not. */
  listed: number;
  unlisted: number;
  /** Looks during which the directory changed: their answers prove nothing. */
  moved: number;
}

/** Sessions come, go, change their minds and are seen over a link, and at any time `peers` is held against `send`. */
export async function topology(seed: number): Promise<TopologyResult> {
  const random = seeded(seed);
  const clock = new SimulatedClock();
  const far = new FarPeers();
  const backend = slowStore(openMemory({ clock }), random.fork(1));
  const scene = new Scene(
    random,
    far,
    await World.start({ clock, backend, far, seed: `${seed}`, limits: uncapped }),
  );
  for (let left = random.between(steps.least, steps.most); left > 0; left -= 1) {
    const step = scene.step();
    // Half of the looks come while the step is still under way.
    if (random.chance(0.5)) await step;
    if (random.chance(0.4)) await scene.look();
    await step;
    if (random.chance(0.05)) await scene.restart();
  }
  await scene.look();
  await scene.world.stop();
  return scene.result;
}

class Scene {
  readonly #random: Seeded;
  readonly #far: FarPeers;
  readonly #tokens = new Map<string, string>();
  readonly result: TopologyResult = { violations: [], looks: 0, listed: 0, unlisted: 0, moved: 0 };
  world: World;

  constructor(random: Seeded, far: FarPeers, world: World) {
    this.#random = random;
    this.#far = far;
    this.world = world;
  }

  /** One change; what the store refuses changes nothing. */
  async step(): Promise<void> {
    const random = this.#random;
    const name = random.pick(names);
    const kind = random.between(0, 18);
    if (kind < 8) await this.#open(name).catch(() => {});
    else if (kind < 11) await this.#close(name).catch(() => {});
    else if (kind < 13) this.world.sessions.directory.connectionClosed(`socket-${name}`);
    else if (kind < 15) this.world.clock.advance(random.between(1, 6_000));
    else this.#tellFar(name);
  }

  async restart(): Promise<void> {
    this.world = await this.world.restart(`${this.#random.next()}`, uncapped);
  }

  async #open(name: string): Promise<void> {
    const random = this.#random;
    const token = this.#tokens.get(name);
    const { lease } = await this.world.call(
      "sessions.open",
      {
        name,
        ttl_ms: random.pick([0, 500, 2_000, 5_000]),
        ...(random.chance(0.7) ? { inbound_policy: this.#policy() } : {}),
        ...(token !== undefined && random.chance(0.7) ? { lease_token: token } : {}),
      },
      random.chance(0.5) ? { connection: `socket-${name}` } : {},
    );
    this.#tokens.set(name, lease.token);
  }

  async #close(name: string): Promise<void> {
    const token = this.#tokens.get(name);
    await this.world.call("sessions.close", { name, ...(token === undefined ? {} : { lease_token: token }) });
  }

  #tellFar(name: string): void {
    const random = this.#random;
    const near = this.world.sessions.directory.byName(random.pick(names));
    const isNear = near !== undefined && random.chance(0.4);
    this.#far.tell(
      isNear && random.chance(0.8) ? near.name : name,
      random.chance(0.25)
        ? undefined
        : {
            peerId: isNear ? near.sessionId : random.pick(farIds),
            policy: isNear ? near.inboundPolicy : this.#policy(),
            carries: sendableKinds.filter(() => random.chance(0.8)),
          },
    );
  }

  #policy(): InboundPolicy {
    const action = (): InboundAction => this.#random.pick(["accept", "accept", "hold", "refuse"]);
    return { peer_message: action(), peer_request: action(), peer_response: action() };
  }

  /** Asks for the peers of somebody, and sends every kind to everybody there may be. */
  async look(): Promise<void> {
    const { result, world } = this;
    const as = { session: this.#random.pick(names) };
    const peers = await world.call("comms.peers", {}, as).catch(() => undefined);
    if (peers === undefined) return;
    result.looks += 1;
    const known = peers.peers.map(({ name }) => name);
    if (known.join() !== [...new Set(known)].sort().join()) this.#broken(`peers came as ${known.join(", ")}`);
    if (known.includes(as.session) && this.#far.byName(as.session) === undefined)
      this.#broken(`${as.session} is its own peer`);
    for (const name of names) {
      const entry = peers.peers.find((peer) => peer.name === name);
      for (const kind of sendableKinds) {
        const way = entry?.selected_route_by_kind[kind];
        const sent = await outcomeOf(world, as, commandTo(name, kind));
        // What is said of another generation proves nothing.
        if ((await this.#generation(as)) !== peers.generation) {
          result.moved += 1;
          return;
        }
        if (way === undefined) result.unlisted += 1;
        else result.listed += 1;
        const listed = entry?.sendable_kinds.includes(kind) ?? false;
        if (listed !== (way !== undefined)) this.#broken(`${name} lists ${kind} without a route`);
        if (unresolved.has(sent) === listed)
          this.#broken(
            `${as.session} sent ${kind} to ${name}, ${listed ? `listed ${way}` : "not listed"}: ${sent}`,
          );
      }
    }
  }

  async #generation(as: { session: string }): Promise<number> {
    // A store that fails now may keep even the asker from being made again.
    const peers = await this.world.call("comms.peers", {}, as).catch(() => undefined);
    return peers?.generation ?? -1;
  }

  #broken(what: string): void {
    this.result.violations.push(what);
  }
}

async function outcomeOf(world: World, as: { session: string }, command: CommsCommand): Promise<string> {
  return world.call("comms.send", command, as).then(
    () => "accepted",
    (error: ContractError) => error.code,
  );
}

function commandTo(to: string, kind: SendableKind): CommsCommand {
  switch (kind) {
    case "peer_message":
      return { kind, to, body: "x" };
    case "peer_request":
      return { kind, to, intent: "ask", params: null, stream: "none" };
    case "peer_response":
      return {
        kind,
        to,
        in_reply_to: "00000000-0000-7000-8000-000000000000",
        status: "completed",
        result: null,
      };
  }
}
