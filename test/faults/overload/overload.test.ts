import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { expectHeld } from "../kit/short-form.js";
import { flaws } from "./flaws.js";
import { closedLoop } from "./load.js";
import { faultRun } from "./run.js";

test("[overload.typed] ten times the capacity is refused typed, nothing is lost or silent, memory is bounded", async () => {
  await expectHeld(faultRun);
});

describe("[overload.sees] a load is found out", () => {
  const answer = (status: string, body: string): string =>
    `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  test.each([
    ["that is cut without an answer", "", /1 were sent, 0 answered, 1 cut/],
    ["that fails inside", answer("500 Oops", "{}"), /answered with 500/],
    ["that is refused untyped", answer("429 Busy", "{}"), /refused untyped: 429/],
    [
      "that is refused without a time to wait",
      answer("429 Busy", '{"retryable":true,"request_id":"x"}'),
      /refused untyped: 429/,
    ],
  ])("%s", async (_, reply, expected) => {
    const server = createServer((socket) => socket.once("data", () => socket.end(reply)));
    await once(server.listen(0, "127.0.0.1"), "listening");
    try {
      const result = await closedLoop({
        port: (server.address() as AddressInfo).port,
        connections: 1,
        request: () => Buffer.from("GET / HTTP/1.1\r\n\r\n"),
        milliseconds: 60_000,
        onsetMs: 0,
      });
      expect(flaws("load", result)).toContainEqual(expect.stringMatching(expected));
    } finally {
      server.close();
    }
  });
});
