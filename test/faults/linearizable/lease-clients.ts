import type { Seeded } from "../kit/seeded.js";
import type { LeaseInput, LeaseOutput } from "./lease-model.js";
import type { Recorder } from "./recorder.js";
import type { Scene } from "./scene.js";

const refusals = ["session_name_taken", "fence_stale", "session_not_found"] as const;
/** Names that are fought for in one life of the daemon. */
const names = 8;

/**
 * One of many who want the same few names: it opens them for long or for a moment, lets go of them, asks for work as their
 * holder or as one that it was once, and closes them.
 */
export class LeaseClient {
  readonly #scene: Scene;
  readonly #random: Seeded;
  readonly #recorder: Recorder<LeaseInput, LeaseOutput>;
  readonly #id: number;
  #tokens = 0;

  constructor(scene: Scene, random: Seeded, recorder: Recorder<LeaseInput, LeaseOutput>, id: number) {
    this.#scene = scene;
    this.#random = random;
    this.#recorder = recorder;
    this.#id = id;
  }

  /** Works until the daemon is killed or the history is long enough. */
  async run(): Promise<void> {
    while (this.#scene.goesOn()) await this.#step();
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const { life } = this.#recorder;
    const born = random.chance(0.9) ? life : random.between(0, life);
    const name = `h${this.#scene.history}-l${born}-${random.between(0, names - 1)}`;
    if (random.chance(0.15)) this.#tokens += 1;
    // Now and then an older one, as of a holder that does not know what became of it.
    const generation = random.chance(0.1) ? Math.max(0, this.#tokens - 1) : this.#tokens;
    const token = `client-${this.#id}-token-${generation}`;
    const choice = random.next();
    if (choice < 0.7) {
      const ttlMs = random.pick([0, 0, 30, 100, 3_600_000]);
      await this.#ask(name, { kind: "open", token, ttlMs }, "sessions/open", {
        name,
        lease_token: token,
        ttl_ms: ttlMs,
      });
    } else if (choice < 0.97)
      await this.#ask(name, { kind: "drain", token }, "sessions/drain", {
        name,
        lease_token: token,
        max: 1,
        wait_ms: 0,
      });
    else await this.#ask(name, { kind: "close", token }, "sessions/close", { name, lease_token: token });
  }

  async #ask(name: string, input: LeaseInput, method: string, params: object): Promise<void> {
    const { life } = this.#recorder;
    const invoked = this.#recorder.now();
    // Every call on its own: what a WebSocket opens it also keeps.
    const answer = await this.#scene.post(method, params);
    const refused = answer !== "lost" && "refused" in answer ? answer.refused : undefined;
    const known = refusals.find((code) => code === refused);
    if (refused !== undefined && known === undefined) this.#scene.odd(`${method} was refused: ${refused}`);
    let output: LeaseOutput | undefined = known;
    if (answer !== "lost" && "result" in answer) {
      const { lease, already_closed: already } = answer.result as {
        lease?: { fence: number };
        already_closed?: boolean;
      };
      if (input.kind === "open") output = { held: lease!.fence };
      else output = already ? "already" : "done";
    }
    this.#recorder.add(name, input, output, invoked, life);
  }
}
