import type { Ledger, Sent } from "./ledger.js";
import { wires } from "./ledger.js";
import type { Life } from "./life.js";

/** Clients that send under keys, over every wire, and repeat what a kill left without a receipt. */
export class Senders {
  readonly #ledger: Ledger;
  /** Sent, no receipt yet: the next life repeats them first. */
  #open: Sent[] = [];
  #next = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Sends until the daemon is killed. */
  async run(life: Life, senders: number, acknowledged: () => void): Promise<void> {
    const repeats = [...this.#open, ...this.#sample(life)];
    this.#open = [];
    const one = async (): Promise<void> => {
      while (!life.over) {
        const sent = repeats.pop() ?? this.#mint(life);
        if (!(await this.send(life, sent))) return;
        acknowledged();
      }
    };
    await Promise.all(Array.from({ length: senders }, one));
    for (const sent of repeats) if (sent.interaction === undefined) this.#open.push(sent);
  }

  /** Sends once; false when the daemon was killed before it answered. */
  async send(life: Life, sent: Sent): Promise<boolean> {
    try {
      const receipt = await life.send(commandOf(sent), sent.key, sent.wire);
      this.#ledger.receipt(sent, receipt.interaction_id, receipt.deduplicated);
      return true;
    } catch (error) {
      const code = life.refusal(error);
      if (code !== undefined) this.#ledger.fail(`${sent.key} over ${sent.wire} was refused: ${code}`);
      if (sent.interaction === undefined) this.#open.push(sent);
      return code !== undefined;
    }
  }

  /** Repeats everything, acknowledged or not; what was under way has its receipt then. */
  async repeatAll(life: Life): Promise<void> {
    this.#open = [];
    const left = [...this.#ledger.sends.values()];
    const one = async (): Promise<void> => {
      for (let sent = left.pop(); sent !== undefined; sent = left.pop())
        // Twice: nobody kills it now, but a machine that was held up lets calls run into their deadlines.
        if (!(await this.send(life, sent)) && !(await this.send(life, sent)))
          this.#ledger.fail("the daemon was gone during the check");
    };
    await Promise.all(Array.from({ length: 16 }, one));
  }

  #mint({ random }: Life): Sent {
    const key = `key-${this.#next++}`;
    const sent: Sent = { key, wire: random.pick(wires), reserved: random.chance(0.1) };
    this.#ledger.sends.set(key, sent);
    return sent;
  }

  /** A few of those that have a receipt, to see that it is still the same. */
  #sample({ random }: Life): Sent[] {
    const keys = this.#next;
    if (keys === 0) return [];
    const chosen = Array.from({ length: 6 }, () => `key-${random.between(0, keys - 1)}`);
    return [...new Set(chosen)]
      .map((key) => this.#ledger.sends.get(key)!)
      .filter(({ interaction }) => interaction !== undefined);
  }
}

function commandOf({ key, reserved }: Sent): object {
  return {
    kind: "peer_request",
    to: "sink",
    intent: "count",
    params: { key },
    ...(reserved ? { stream: "reserve_interaction" } : {}),
    options: { idempotency_key: key },
  };
}
