import type { Message } from "./chat-completion.js";

export interface ConversationLimits {
  /** Exchanges that one conversation keeps. */
  turns: number;
  /** Conversations that are kept; the one that was quiet for longest goes first. */
  conversations: number;
  /** Characters that one conversation keeps. */
  characters: number;
}

/** One question with its answer; a question that brings tool results belongs to the exchange before. */
type Exchange = readonly Message[];

/** What was said so far, in memory, bounded on every side. */
export class Conversations {
  readonly #limits: ConversationLimits;
  readonly #kept = new Map<string, Exchange[]>();

  constructor(limits: ConversationLimits) {
    this.#limits = limits;
  }

  messages(key: string): Message[] {
    return (this.#kept.get(key) ?? []).flat();
  }

  /** Ids of the tool calls that wait for their results. */
  openCalls(key: string): string[] {
    const last = this.#kept.get(key)?.at(-1)?.at(-1);
    return last?.tool_calls?.map(({ id }) => id) ?? [];
  }

  add(key: string, exchange: Exchange): void {
    const exchanges = [...(this.#kept.get(key) ?? []), exchange];
    while (exchanges.length > 1 && (exchanges.length > this.#limits.turns || this.#isLong(exchanges)))
      exchanges.shift();
    // Tool results without the question that they belong to are refused by servers.
    while (exchanges[0]?.[0]?.role === "tool") exchanges.shift();
    this.#kept.delete(key);
    this.#kept.set(key, exchanges);
    if (this.#kept.size > this.#limits.conversations) this.#kept.delete(this.#kept.keys().next().value!);
  }

  #isLong(exchanges: readonly Exchange[]): boolean {
    const sizes = exchanges.flat().map(({ content, tool_calls }) => {
      const calls = tool_calls?.reduce((sum, call) => sum + call.function.arguments.length, 0) ?? 0;
      return (content?.length ?? 0) + calls;
    });
    return sizes.reduce((sum, size) => sum + size, 0) > this.#limits.characters;
  }
}
