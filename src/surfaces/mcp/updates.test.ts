import { expect, test } from "vitest";
import { type UpdateStream, Updates } from "./updates.js";

/** A stream whose client takes messages only when told to. */
class HeldStream implements UpdateStream {
  isBehind = false;
  readonly sent: string[] = [];
  #drained: (() => void)[] = [];

  send(message: string): void {
    this.sent.push(JSON.parse(message).params.uri);
    this.isBehind = true;
  }

  drained(then: () => void): void {
    this.#drained.push(then);
  }

  take(): void {
    this.isBehind = false;
    for (const then of this.#drained.splice(0)) then();
  }
}

test("[mcp.inbox.slow] a client that takes nothing is owed one notification for each resource, however many came in", () => {
  const updates = new Updates();
  const stream = new HeldStream();
  updates.stream = stream;
  for (let n = 0; n < 1_000; n += 1) updates.changed(n % 2 === 0 ? "a" : "b");
  expect(stream.sent).toEqual(["a"]);
  stream.take();
  expect(stream.sent).toEqual(["a", "b"]);
  stream.take();
  expect(stream.sent).toEqual(["a", "b", "a"]);
  stream.take();
  expect(stream.sent).toEqual(["a", "b", "a"]);
});

test("[mcp.mcp-session.streams] the next stream is told what the one before may not have brought", () => {
  const updates = new Updates();
  const [first, second] = [new HeldStream(), new HeldStream()];
  updates.stream = first;
  updates.changed("a");
  updates.changed("b");
  updates.stream = undefined;
  updates.changed("c");
  updates.changed("d");
  updates.forget("d");
  updates.stream = second;
  first.take();
  for (let n = 0; n < 5; n += 1) second.take();
  expect([first.sent, second.sent.toSorted()]).toEqual([["a"], ["a", "b", "c"]]);
});
