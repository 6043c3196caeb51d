import type { InboxInteraction } from "../../../sdks/typescript/src/index.js";
import type { Ledger } from "./ledger.js";
import type { Life } from "./life.js";

/** A claimed interaction on its way to its end. */
interface Task {
  interaction: string;
  claim: string;
  /** Events to emit, one call each, then it is settled. */
  events: number;
  next: number;
}

/**
 * The host of the session `sink`: drains, emits under keys and settles. What a kill interrupted goes on in the next life
 * under the same claim and the same keys. Now and then another holder takes the session over, which ends all claims.
 */
export class SinkHost {
  readonly #ledger: Ledger;
  #tasks: Task[] = [];
  #token = "";
  /** The holder that is taking over; the outcome of its open may be unknown. */
  #successor: string | undefined;
  #holders = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Another holder from the next life on. */
  replaceHolder(): void {
    this.#successor ??= `token-of-the-holder-${++this.#holders}`;
  }

  /** Makes sure of the session, then works until the daemon is killed or, when `toTheEnd`, nothing is left. */
  async run(
    life: Life,
    options: { workers: number; acknowledged?: () => void; toTheEnd?: boolean },
  ): Promise<void> {
    if (!(await this.#hold(life))) return;
    const left = this.#tasks.splice(0);
    const one = async (): Promise<void> => {
      while (!life.over) {
        const task = left.pop();
        const tasks = task === undefined ? await this.#drain(life) : [task];
        if (tasks === undefined || (tasks.length === 0 && options.toTheEnd)) return;
        for (const each of tasks)
          if (life.over || !(await this.#finish(life, each))) this.#tasks.push(each);
          else options.acknowledged?.();
      }
    };
    await Promise.all(Array.from({ length: options.workers }, one));
    this.#tasks.push(...left);
  }

  async #hold(life: Life): Promise<boolean> {
    if (this.#token === "") this.replaceHolder();
    try {
      const successor = this.#successor;
      if (successor === undefined) {
        await this.#open(life, this.#token, 86_400_000);
        return true;
      }
      if (this.#token !== "") await this.#letGo(life);
      await this.#open(life, successor, 86_400_000);
      this.#token = successor;
      this.#successor = undefined;
      this.#tasks = [];
      return true;
    } catch (error) {
      const code = life.refusal(error);
      if (code !== undefined) this.#ledger.fail(`the session could not be opened: ${code}`);
      return false;
    }
  }

  /** The old holder is known as stale once the successor's open went through before the kill. */
  async #letGo(life: Life): Promise<void> {
    try {
      await this.#open(life, this.#token, 0);
    } catch (error) {
      if (life.refusal(error) !== "fence_stale") throw error;
    }
  }

  async #open(life: Life, token: string, ttl: number): Promise<void> {
    const request = { name: "sink", lease_token: token, ttl_ms: ttl };
    const { lease } = await life.local.sessions.open(request, { signal: life.signal });
    // A renewal keeps its fence, and so does a take-over whose answer the kill swallowed.
    this.#ledger.fence(lease.fence, token, 0);
  }

  async #drain(life: Life): Promise<Task[] | undefined> {
    try {
      const { claim, interactions } = await life.local.sessions.drain(
        { name: "sink", lease_token: this.#token, max: life.random.between(1, 8), wait_ms: 0 },
        { signal: life.signal },
      );
      if (claim === undefined) return [];
      return interactions.map((interaction) => this.#taskOf(interaction, claim.token, life));
    } catch (error) {
      const code = life.refusal(error);
      if (code !== undefined) this.#ledger.fail(`drain was refused: ${code}`);
      return undefined;
    }
  }

  #taskOf(interaction: InboxInteraction, claim: string, life: Life): Task {
    const { interaction_id: id, params } = interaction as unknown as {
      interaction_id: string;
      params: { key: string };
    };
    this.#ledger.offered(id, params.key);
    return { interaction: id, claim, events: life.random.between(0, 3), next: 0 };
  }

  /** True when the task is over, false when the kill came first. */
  async #finish(life: Life, task: Task): Promise<boolean> {
    const { interaction, claim } = task;
    const base = { name: "sink", claim_token: claim, interaction_id: interaction };
    const { sessions } = life.random.chance(0.5) ? life.local : life.remote;
    try {
      for (; task.next < task.events; task.next++) {
        const key = `${interaction}/${task.next}`;
        const event = { kind: "text_delta" as const, turn_id: interaction, delta: key };
        await sessions.emit(
          { ...base, events: [event], idempotency_key: key },
          { signal: life.signal, idempotencyKey: key },
        );
        this.#ledger.emit(key, interaction);
      }
      await sessions.settle({ ...base, outcome: { kind: "done" } }, { signal: life.signal });
      this.#ledger.settle(interaction);
      return true;
    } catch (error) {
      const code = life.refusal(error);
      if (code === undefined) return false;
      // The claim ran out, which a stopped and continued run brings about: it is offered again.
      if (code !== "fence_stale") this.#ledger.fail(`${interaction} could not be ended: ${code}`);
      return true;
    }
  }
}
