import { MemoryNet, type NetOptions } from "../../../test/support/memory-net.js";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { seededIds, settle } from "../../../test/support/simulation.js";
import type { OperationTypes } from "../../generated/operations.js";
import type { LinkFrame } from "../../generated/types.js";
import type { Backend } from "../../kernel/backend.js";
import { Call } from "../../kernel/context.js";
import { silentLogger } from "../../kernel/logger.js";
import { createValidators } from "../../kernel/validate.js";
import { openMemory } from "../../storage/memory/open-memory.js";
import { createEndpointsPlane, type EndpointsPlane } from "./index.js";

const validators = createValidators();
type Verb = "pair" | "list" | "remove" | "rotate_keys";

/** Several daemons' endpoints planes on one simulated clock and one network in memory. */
export class Daemons {
  readonly clock = new SimulatedClock();
  readonly net: MemoryNet;

  constructor(options: NetOptions = {}) {
    this.net = new MemoryNet(options);
  }

  async start(
    name: string,
    backend: Backend = openMemory({ clock: this.clock }),
    life = 1,
  ): Promise<TestEndpoint> {
    const url = `http://${name}.test:7433`;
    const { clock, net } = this;
    const ids = seededIds(clock, `${name}/${life}`);
    const plane = await createEndpointsPlane({
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
      sessionsOf: () => 0,
    });
    const endpoint = new TestEndpoint(this, name, url, plane, backend, life);
    net.listen(url, (wire) => plane.accept(wire));
    plane.start();
    return endpoint;
  }

  /** Lets time pass, and what it sets going happen. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(500, left));
      await settle();
    }
  }

  /** Offers at one, accepts at the other, and waits for the link. */
  async pair(a: TestEndpoint, b: TestEndpoint): Promise<void> {
    const offered = await a.call("pair", { kind: "offer" });
    if (offered.kind !== "offered") throw new Error("no code");
    await b.call("pair", { kind: "accept", url: a.url, code: offered.code });
    await settle();
  }
}

export class TestEndpoint {
  readonly #daemons: Daemons;
  readonly name: string;
  readonly url: string;
  readonly plane: EndpointsPlane;
  readonly backend: Backend;
  readonly #life: number;
  /** What happened on its links. */
  readonly happened: string[] = [];
  readonly frames: LinkFrame[] = [];

  constructor(
    daemons: Daemons,
    name: string,
    url: string,
    plane: EndpointsPlane,
    backend: Backend,
    life: number,
  ) {
    this.#daemons = daemons;
    this.name = name;
    this.url = url;
    this.plane = plane;
    this.backend = backend;
    this.#life = life;
    plane.links.watch({
      up: () => this.happened.push("up"),
      down: () => this.happened.push("down"),
      received: (_, frame) => this.frames.push(frame),
      removed: () => this.happened.push("removed"),
    });
  }

  call<V extends Verb>(
    verb: V,
    request: OperationTypes[`endpoints.${V}`]["request"],
  ): Promise<OperationTypes[`endpoints.${V}`]["response"]> {
    const { clock } = this.#daemons;
    const call = new Call(
      { clock, ids: seededIds(clock, "call"), log: silentLogger },
      { surface: "rpc", principal: null },
    );
    const handler = this.plane.handlers[verb] as (
      request: unknown,
      call: Call,
    ) => Promise<OperationTypes[`endpoints.${V}`]["response"]>;
    return handler(request, call);
  }

  async state(): Promise<string[]> {
    const { endpoints } = await this.call("list", {});
    return endpoints.map(({ name, state }) => `${name} ${state}`);
  }

  /** The one daemon that it is paired with. */
  get peer(): string {
    return this.plane.links.all()[0]!.endpointId;
  }

  /** Dies and comes back on the same store. */
  async restart(): Promise<TestEndpoint> {
    this.#daemons.net.leave(this.url);
    this.plane.close();
    await settle();
    return this.#daemons.start(this.name, this.backend, this.#life + 1);
  }
}
