import { describe, expect, test, vi } from "vitest";
import { silentLogger } from "./kernel/logger.js";
import { LifeCycle } from "./life-cycle.js";

describe("[daemon.lifecycle] the life of a daemon", () => {
  test("stopping twice shuts down once and ends with 0", async () => {
    const life = new LifeCycle(silentLogger);
    const shutDown = vi.fn(async () => {});
    life.started(shutDown);
    expect(life.health).toBe("ok");
    life.stop();
    life.stop();
    expect(life.health).toBe("stopping");
    expect(await life.ended).toBe(0);
    expect(shutDown).toHaveBeenCalledOnce();
  });

  test("a stop before everything runs waits until it does", async () => {
    const life = new LifeCycle(silentLogger);
    life.fail();
    const shutDown = vi.fn(async () => {});
    life.started(shutDown);
    expect(await life.ended).toBe(1);
    expect(shutDown).toHaveBeenCalledOnce();
  });

  test("a shut-down that fails is told by the exit code", async () => {
    const life = new LifeCycle(silentLogger);
    life.started(async () => {
      throw new Error("the disk is gone");
    });
    life.stop();
    expect(await life.ended).toBe(1);
  });
});
