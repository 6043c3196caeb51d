import type { HostEvent, InboxInteraction, Outcome } from "../../generated/types.js";

/** What a sender's words come to; the runtime that drained the interaction carries it out. */
export interface SenderPort {
  emit(interactionId: string, events: HostEvent[]): Promise<{ last_sequence: number }>;
  settle(interactionId: string, outcome: Outcome): Promise<{ already_settled: boolean }>;
}

/** The host's end of one interaction's stream: appends its events and ends it. There is one for each drained interaction. */
export class InteractionStreamSender {
  readonly interaction: InboxInteraction;
  readonly #port: SenderPort;

  constructor(interaction: InboxInteraction, port: SenderPort) {
    this.interaction = interaction;
    this.#port = port;
  }

  /** Appends events in this order; resolves with the interaction's last position once they are durable. */
  async send(...events: HostEvent[]): Promise<number> {
    return (await this.#port.emit(this.interaction.interaction_id, events)).last_sequence;
  }

  /** Ends the interaction, or gives it back with `retry_after`; repeating it is safe. */
  async settle(outcome: Outcome): Promise<void> {
    await this.#port.settle(this.interaction.interaction_id, outcome);
  }
}
