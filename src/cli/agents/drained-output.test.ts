import { PassThrough } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { DrainedOutput, drainIdleMs } from "./drained-output.js";

function open(): { pipe: PassThrough; output: DrainedOutput; text: () => string } {
  const pipe = new PassThrough();
  let all = "";
  const output = new DrainedOutput(pipe, (text) => {
    all += text;
  });
  return { pipe, output, text: () => all };
}

test("[cli.exec-drain] a pipe that ends is read to its end, whole characters and the rest of a cut one", async () => {
  const { pipe, output, text } = open();
  pipe.write(Buffer.from([0x61, 0xc3]));
  pipe.end(Buffer.from([0xb6, 0xe4, 0xbd]));
  await output.drain();
  expect(text()).toBe("aö\ufffd");
});

test("[cli.exec-drain] a silent pipe is dropped after the idle time", async () => {
  const { pipe, output, text } = open();
  pipe.write("left");
  const started = performance.now();
  await output.drain();
  expect(performance.now() - started).toBeGreaterThanOrEqual(drainIdleMs - 1);
  expect(text()).toBe("left");
  expect(pipe.destroyed).toBe(true);
});

test("[cli.exec-drain] a pipe that is never silent is dropped at the limit", async () => {
  const { pipe, output, text } = open();
  const stop = new AbortController();
  const writing = (async () => {
    while (!stop.signal.aborted && !pipe.destroyed) {
      pipe.write("more ");
      await pause(5);
    }
  })();
  await output.drain(300);
  stop.abort();
  await writing;
  const read = text();
  expect(read).toMatch(/^(more )+$/);
  await pause(20);
  expect(text()).toBe(read);
});

test("[cli.exec-drain] output that was paused is read at the drain", async () => {
  const { pipe, output, text } = open();
  output.pause();
  pipe.end("x".repeat(50_000));
  await output.drain();
  expect(text()).toHaveLength(50_000);
});
