import { expect, test } from "vitest";
import { EventStream, type StreamFields } from "../src/runtime/event-stream.js";
import type { StreamSource } from "../src/runtime/stream-source.js";
import { fastEnvironment } from "./_environment.js";

const none: StreamFields = { cursor: null, position: null, resume: null, follow: null, terminal: null };

/** Reads connections that each carry some events and then break, until none is left; returns requests and events. */
async function read(facts: StreamFields, request: object, connections: object[][]) {
  const requests: object[] = [];
  const left = [...connections];
  const stream = new EventStream<unknown, unknown>(request as never, {
    facts,
    open: async (sent) => {
      requests.push(sent);
      const events = [...(left.shift() ?? [])];
      const source: StreamSource = {
        opened: { stream_id: `s${requests.length}` },
        next: async () => {
          const value = events.shift();
          if (value !== undefined) return { kind: "event", value } as never;
          if (left.length > 0) return null;
          return { kind: "closed", value: { stream_id: "s", reason: "closed" } } as never;
        },
        close: async () => undefined,
        drop: () => undefined,
      } as never;
      return source;
    },
    readEvent: (value) => value,
    readOpened: (value) => value,
    environment: fastEnvironment(),
    retries: 0,
    reconnectTimeout: 1000,
    signal: undefined,
  });
  const events = [];
  for await (const event of stream) events.push(event);
  return { requests, events };
}

test("[house.stream-facts] a watch without scope, cursor and resume begins anew on every connection", async () => {
  const first = [{ snapshot: [1, 2] }, { changed: 3 }];
  const second = [{ snapshot: [1, 2, 3] }];
  expect(await read(none, { prefix: "a" }, [first, second])).toEqual({
    requests: [{ prefix: "a" }, { prefix: "a" }],
    events: [...first, ...second],
  });
});

test("[house.stream-facts] a tail goes on by a cursor of another name, and repeats no event", async () => {
  const fields = { ...none, cursor: "from_line", position: "line" };
  const first = [{ line: 4 }, { line: 5 }];
  const second = [{ line: 5 }, { line: 6 }];
  expect(await read(fields, { from_line: 3 }, [first, second])).toEqual({
    requests: [{ from_line: 3 }, { from_line: 5 }],
    events: [{ line: 4 }, { line: 5 }, { line: 6 }],
  });
});

test("[house.stream-facts] the declared last event ends a stream whose connection breaks behind it", async () => {
  const fields = { ...none, terminal: { kinds: ["done"], scope: null } };
  const { requests } = await read(fields, {}, [[{ event: { kind: "done" } }], []]);
  expect(requests).toHaveLength(1);
});
