import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InProcess } from "./in-process.js";
import type { Move } from "./model.js";
import { runOverSockets, type Wire } from "./over-sockets.js";
import { type SocketServer, serve } from "./socket-server.js";

let daemon: InProcess;
let server: SocketServer;

beforeAll(async () => {
  daemon = await InProcess.start("sockets");
  server = await serve(daemon);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await daemon.stop();
});

const scenarios: Record<string, readonly Move[]> = {
  "the answer comes while it is read": ["attach one", "progress", "progress", "terminal"],
  "the answer came before its reader": ["progress", "terminal", "attach one"],
  "the answer came before its reader, who comes too late": [
    "terminal",
    "time is over",
    "attach one",
    "attach one",
  ],
  "a reader after the timer": ["time is over", "timer fires", "attach one"],
  "a reader just in time": ["part of the time", "attach one", "part of the time", "terminal"],
  "a second reader": ["attach one", "attach two", "progress", "terminal", "attach two"],
  "a reader is superseded and the next goes on": ["attach one", "progress", "resume", "progress", "terminal"],
  "a reader is superseded twice": ["attach one", "resume", "progress", "resume", "terminal"],
  "a resume of nobody": ["resume", "terminal"],
  "a reader is cut off and the next goes on": [
    "attach one",
    "progress",
    "drop",
    "progress",
    "attach two",
    "terminal",
  ],
  "a cut off reader's time is fresh": [
    "part of the time",
    "attach one",
    "drop",
    "part of the time",
    "attach one",
    "terminal",
  ],
  "a cut off reader does not come back in time": [
    "attach one",
    "drop",
    "time is over",
    "timer fires",
    "attach one",
  ],
  "a cut off reader comes back late": ["attach one", "drop", "time is over", "attach two", "terminal"],
  "the answer comes while nobody reads": ["attach one", "drop", "progress", "terminal", "attach two"],
  "the one who was superseded is cut off": [
    "attach one",
    "resume",
    "progress",
    "drop",
    "attach one",
    "terminal",
  ],
  "time goes on while it is read": ["attach one", "time is over", "timer fires", "progress", "terminal"],
  "all is over": ["attach one", "terminal", "attach one", "resume", "time is over", "attach two"],
};

/** Closing is a call, which server-sent events have not. */
const closing: Record<string, readonly Move[]> = {
  "a close before the answer": ["attach one", "progress", "close", "terminal", "attach one"],
  "a close twice": ["attach one", "close", "close", "attach two"],
  "a close after the end": ["attach one", "terminal", "close", "attach one"],
  "a close by the one who superseded": ["attach one", "resume", "close", "attach one"],
  "a close, then the time": ["attach one", "close", "time is over", "timer fires", "attach one"],
};

const pairs: readonly [Wire, Wire][] = [
  ["rpc", "rpc"],
  ["sse", "sse"],
  ["rpc", "sse"],
  ["sse", "rpc"],
];

describe.each(pairs)("[comms.reservation-sockets] over %s and %s", (one, two) => {
  const told = { ...scenarios, ...(one === "rpc" && two === "rpc" ? closing : {}) };
  test.each(Object.entries(told))("%s", async (_, moves) => {
    expect(await runOverSockets(daemon, server, moves, { one, two })).toBeUndefined();
  });
});

test("[comms.reservation-sockets] every order of three moves over WebSockets", {
  timeout: 120_000,
}, async () => {
  const all: readonly Move[] = [
    "attach one",
    "attach two",
    "resume",
    "close",
    "drop",
    "terminal",
    "time is over",
    "timer fires",
  ];
  for (const first of all)
    for (const second of all)
      for (const third of all) {
        if (first === second || second === third || first === third) continue;
        const wires = { one: "rpc", two: "rpc" } as const;
        expect(await runOverSockets(daemon, server, [first, second, third], wires)).toBeUndefined();
      }
});
