import { expect, test } from "vitest";
import type { StreamClosed, StreamEvents, StreamItem } from "../kernel/handlers.js";
import { pump, type Sink } from "./pump.js";

const closed: StreamClosed = { stream_id: "s", reason: "closed" };
const item = (sequence: number): StreamItem => ({ sequence, kind: "text_delta", json: String(sequence) });

/** A source that has what it is given, as `poll` and `wait` see it. */
function polled(): {
  events: StreamEvents;
  give(...sequences: number[]): void;
  end(): void;
  asked: () => number;
} {
  const ready: IteratorResult<StreamItem, StreamClosed>[] = [];
  let wake: (() => void) | undefined;
  let asked = 0;
  const tell = (): void => {
    const told = wake;
    wake = undefined;
    told?.();
  };
  const events = {
    poll: () => {
      asked += 1;
      return ready.shift();
    },
    wait: (callback: () => void) => {
      wake = callback;
    },
  } as unknown as StreamEvents;
  return {
    events,
    give(...sequences) {
      ready.push(...sequences.map((sequence) => ({ done: false as const, value: item(sequence) })));
      tell();
    },
    end() {
      ready.push({ done: true, value: closed });
      tell();
    },
    asked: () => asked,
  };
}

function recorder(room: Sink["room"] = () => undefined): { sink: Sink; log: string[] } {
  const log: string[] = [];
  return {
    log,
    sink: { room, take: ({ json }) => void log.push(json), flush: () => void log.push("flush") },
  };
}

test("[surfaces.pump] events that are there together leave together, in the turn that brought them", async () => {
  const { events, give, end } = polled();
  const { sink, log } = recorder();
  const done = pump(events, sink);
  give(1, 2, 3);
  expect(log).toEqual(["flush", "1", "2", "3", "flush"]);
  give(4);
  end();
  expect(await done).toBe(closed);
  expect(log).toEqual(["flush", "1", "2", "3", "flush", "4", "flush"]);
});

test("[surfaces.pump] a full sink is brought nothing, and the source is not even asked", async () => {
  const { events, give, end, asked } = polled();
  const full = Promise.withResolvers<void>();
  let left = 2;
  const { sink, log } = recorder(() => (left-- === 0 ? full.promise : undefined));
  give(1, 2, 3);
  const done = pump(events, sink);
  expect([log, asked()]).toEqual([["1", "2"], 2]);
  full.resolve();
  await full.promise;
  expect(log).toEqual(["1", "2", "3", "flush"]);
  end();
  expect(await done).toBe(closed);
});

test("[surfaces.pump] a plain generator is pumped too, and its failure and the sink's reject", async () => {
  async function* generated(): AsyncGenerator<StreamItem, StreamClosed, void> {
    yield item(1);
    yield item(2);
    return closed;
  }
  const { sink, log } = recorder();
  expect(await pump(generated(), sink)).toBe(closed);
  expect(log.filter((entry) => entry !== "flush")).toEqual(["1", "2"]);
  // biome-ignore lint/correctness/useYield: fails before its first event
  async function* failing(): AsyncGenerator<StreamItem, StreamClosed, void> {
    throw new Error("below");
  }
  await expect(pump(failing(), sink)).rejects.toThrow("below");
  const broken: Sink = {
    ...sink,
    take: () => {
      throw new Error("above");
    },
  };
  await expect(pump(generated(), broken)).rejects.toThrow("above");
});
