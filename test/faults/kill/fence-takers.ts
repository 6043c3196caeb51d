import type { Ledger } from "./ledger.js";
import type { Life } from "./life.js";

/** Takes names that nobody holds, each time as a new holder: every take has a fence above all known before it. */
export class FenceTakers {
  readonly #ledger: Ledger;
  #tokens = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async run(life: Life, acknowledged: () => void): Promise<void> {
    while (!life.over) {
      const token = `token-of-a-free-name-${++this.#tokens}`;
      const before = this.#ledger.lastFence;
      try {
        const name = `free-${life.random.between(0, 3)}`;
        const { lease } = await life.local.sessions.open(
          { name, lease_token: token, ttl_ms: 0 },
          { signal: life.signal },
        );
        this.#ledger.fence(lease.fence, token, before);
        acknowledged();
      } catch (error) {
        const code = life.refusal(error);
        if (code === undefined) return;
        this.#ledger.fail(`a free name was refused: ${code}`);
        return;
      }
      // As often as a name changes hands beside the rest of the load.
      await new Promise((resolve) => setTimeout(resolve, life.random.between(1, 8)));
    }
  }
}
