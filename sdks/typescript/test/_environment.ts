import { randomUUID } from "node:crypto";
import type { Environment } from "../src/runtime/environment.js";

/** An environment whose delays pass at once and are written down. */
export function fastEnvironment(): Environment & { delays: number[] } {
  const delays: number[] = [];
  let now = 0;
  return {
    delays,
    now: () => now,
    random: () => 0.5,
    uuid: () => randomUUID(),
    delay: (ms) => {
      delays.push(ms);
      now += ms;
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}
