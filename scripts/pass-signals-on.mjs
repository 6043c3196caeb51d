// What a launcher does about signals, and about a parent that ends without one.
import { constants } from "node:os";

const parentLookMs = 500;

/**
 * Passes signals that end this process on to the child that runs, so that the launcher ends when its child has. Under npm
 * the end of the parent counts as SIGTERM: npm that is killed, or that a closed terminal ends, passes nothing on. Returns the
 * function to call with each new child.
 */
export function passSignalsOn() {
  let current;
  const end = (signal) => {
    if (current === undefined) process.exit(128 + constants.signals[signal]);
    current.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
  if (process.env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid;
    const look = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(look);
      end("SIGTERM");
    }, parentLookMs);
    look.unref();
  }
  return (child) => {
    current = child;
    child.once("exit", () => {
      if (current === child) current = undefined;
    });
  };
}
