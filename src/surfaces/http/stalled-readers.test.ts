import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { cutStalledReaders } from "./stalled-readers.js";

const lookMs = 10_000;

/** Both ends of a connection whose near end is looked at; the system between them takes a few hundred kilobytes. */
async function pair(): Promise<
  { near: Socket; far: Socket; open: Set<Socket>; clock: SimulatedClock } & AsyncDisposable
> {
  const folder = mkdtempSync(join(tmpdir(), "parley-stalled-"));
  const path = join(folder, "s");
  const server = createServer();
  server.listen(path);
  await once(server, "listening");
  const far = connect(path);
  const [near] = (await once(server, "connection")) as [Socket];
  near.on("error", () => {});
  const clock = new SimulatedClock();
  const open = new Set([near]);
  const stop = cutStalledReaders(open, clock);
  return {
    near,
    far,
    open,
    clock,
    async [Symbol.asyncDispose]() {
      stop();
      expect(clock.pending).toBe(0);
      near.destroy();
      far.destroy();
      server.close();
      await once(server, "close");
      rmSync(folder, { recursive: true });
    },
  };
}

/** Writes small pieces until the system takes no more and two of them wait. */
async function fill(socket: Socket): Promise<void> {
  do {
    socket.write(Buffer.alloc(32 * 1024));
    await new Promise((resolve) => setImmediate(resolve));
  } while (socket.writableLength <= 32 * 1024);
}

/** Reads until the other end has less to send than before. */
async function readSome({ near, far }: { near: Socket; far: Socket }): Promise<void> {
  const { writableLength } = near;
  far.resume();
  await expect.poll(() => near.writableLength, { interval: 1 }).toBeLessThan(writableLength);
  far.pause();
}

test("[surfaces.stalled-reader] who takes nothing of what waits is cut after half a minute, and not before", async () => {
  await using it = await pair();
  it.clock.advance(10 * lookMs);
  await fill(it.near);
  it.clock.advance(lookMs);
  it.clock.advance(3 * lookMs - 1);
  expect(it.near.destroyed).toBe(false);
  it.clock.advance(1);
  expect(it.near.destroyed).toBe(true);
});

test("[surfaces.stalled-reader] who takes a little stays, and so does who has nothing to take", async () => {
  await using it = await pair();
  for (let turn = 0; turn < 4; turn += 1) {
    await fill(it.near);
    it.clock.advance(3 * lookMs);
    await readSome(it);
  }
  expect(it.near.destroyed).toBe(false);
  it.far.resume();
  await expect.poll(() => it.near.writableLength).toBe(0);
  it.clock.advance(100 * lookMs);
  expect(it.near.destroyed).toBe(false);
});

test("[surfaces.stalled-reader] a large write has the time that a slow reader needs for it", async () => {
  await using it = await pair();
  await fill(it.near);
  it.near.write(Buffer.alloc(1024 * 1024));
  it.clock.advance(8 * lookMs - 1);
  expect(it.near.destroyed).toBe(false);
  it.clock.advance(1);
  expect(it.near.destroyed).toBe(true);
});
