import { operations } from "../../../src/generated/operations.js";
import { localCall, type TestDaemon } from "../../support/daemon.js";
import { until } from "../../support/wait.js";
import type { Seeded } from "../kit/seeded.js";
import type { Answer } from "./answer.js";
import type { Caller } from "./callers.js";
import type { FuzzCase } from "./case.js";
import { cases } from "./cases.js";
import { judge, type Said } from "./judge.js";
import { furnish, makeWorld, type World } from "./world.js";

/** Inputs after which the worlds are furnished anew; the unit in which a found input replays with what led to it. */
const perWorld = 100;

export interface InputResult {
  /** Inputs, and what was said to them on all surfaces together. */
  inputs: number;
  answers: number;
  accepted: number;
  broken: string[];
}

/** Says inputs to every surface, each in a world of its own, and judges what comes back. */
export class InputFuzz {
  readonly result: InputResult = { inputs: 0, answers: 0, accepted: 0, broken: [] };
  readonly #daemon: TestDaemon;
  readonly #speakers: readonly (readonly [Caller, World])[];
  #generation = 0;

  private constructor(daemon: TestDaemon, speakers: readonly (readonly [Caller, World])[]) {
    this.#daemon = daemon;
    this.#speakers = speakers;
  }

  static async start(daemon: TestDaemon, callers: readonly Caller[]): Promise<InputFuzz> {
    const speakers: [Caller, World][] = [];
    for (const [n, caller] of callers.entries())
      speakers.push([caller, await makeWorld(daemon, `q${"abcd"[n]}`, caller.source)]);
    return new InputFuzz(daemon, speakers);
  }

  /** New inputs from a seed. */
  async run(random: Seeded, count: number, progress?: (done: number) => void): Promise<void> {
    const row = cases(random);
    for (let n = 0; n < count; n += 1) {
      if (n % perWorld === 0) {
        await this.#furnish();
        progress?.(n);
      }
      await this.#say(row.next().value, `input ${n}`);
    }
  }

  /** Inputs that were found once, each row in furnished worlds. */
  async replay(name: string, row: readonly FuzzCase[]): Promise<void> {
    await this.#furnish();
    for (const input of row) await this.#say(input, `kept input "${name}"`);
  }

  async #furnish(): Promise<void> {
    for (;;) {
      const furnishing = this.#speakers.map(([, world]) => furnish(this.#daemon, world, this.#generation));
      if (!(await Promise.all(furnishing)).includes(false)) return;
      this.#generation += 1;
    }
  }

  async #say(input: FuzzCase, where: string): Promise<void> {
    const streams = operations[input.operation].kind === "stream";
    let said = await this.#sayEverywhere(input);
    let flaws = judge(input, said);
    // The event that an acceptance brings is written after its answer: who asks at once may be early in one world.
    for (let again = 0; streams && flaws.length > 0 && again < 8; again += 1) {
      await this.#streamsToEnd();
      said = await this.#sayEverywhere(input);
      flaws = judge(input, said);
    }
    const { result } = this;
    result.inputs += 1;
    result.answers += said.length;
    result.accepted += said.filter(({ answer }) => "response" in answer).length;
    const shown = JSON.stringify({ ...input, text: input.text.slice(0, 2_000) });
    result.broken.push(...flaws.map((flaw) => `${where}: ${flaw}; ${shown}`));
    if (streams) await this.#streamsToEnd();
  }

  async #sayEverywhere(input: FuzzCase): Promise<Said[]> {
    const callers = this.#speakers.map(([caller]) => caller);
    const said = await Promise.all(
      this.#speakers.map(async ([caller, world]): Promise<Said | undefined> => {
        // What has no form on a surface happens in its world all the same, or the worlds would drift apart.
        for (const { name, call } of [caller, ...callers.filter((other) => other !== caller)]) {
          const answer = await call(input, world).catch(
            (error: unknown): Answer => ({ flaw: `no answer: ${(error as Error).message}` }),
          );
          const surface = name === caller.name ? name : `${name} for ${caller.name}`;
          if (answer !== undefined) return { surface, world, answer };
        }
        return undefined;
      }),
    );
    return said.filter((one) => one !== undefined);
  }

  /** Whether a reader is still there decides what the next one is told. */
  async #streamsToEnd(): Promise<void> {
    await until("streams to end with their readers", async () => {
      const { body } = await localCall(this.#daemon.socketPath, "GET", "/status");
      return (body as { counts: { streams: number } }).counts.streams === 0 ? true : undefined;
    });
  }
}
