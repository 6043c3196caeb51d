export interface ToolCall {
  id: string;
  name: string;
  /** As the model wrote them, which need not be JSON. */
  arguments: string;
}

interface ToolCallDelta {
  index?: number;
  id?: string | null;
  function?: { name?: string | null; arguments?: string | null };
}

/** Tool calls put together from their pieces. */
export class ToolCalls {
  readonly #calls: (ToolCall & { index: number | undefined })[] = [];

  add({ index, id, function: piece }: ToolCallDelta): void {
    let call =
      index === undefined
        ? id
          ? this.#calls.find((one) => one.id === id)
          : this.#calls.at(-1)
        : this.#calls.find((one) => one.index === index);
    if (call === undefined) {
      call = { index, id: "", name: "", arguments: "" };
      this.#calls.push(call);
    }
    call.id ||= id ?? "";
    call.name ||= piece?.name ?? "";
    call.arguments += piece?.arguments ?? "";
  }

  /** Every call; one without an id, which some servers leave out, gets its place as one. */
  all(): ToolCall[] {
    return this.#calls.map((call, at) => ({
      id: (call.id || `call-${at + 1}`).slice(0, 128),
      name: call.name.slice(0, 128),
      arguments: call.arguments,
    }));
  }
}

/** The arguments as the value they stand for; what is no JSON stays the text that it is. */
export function argumentsOf(call: ToolCall): unknown {
  if (call.arguments.trim() === "") return {};
  try {
    return JSON.parse(call.arguments);
  } catch {
    return call.arguments;
  }
}
