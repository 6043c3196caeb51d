import { setImmediate as nextTurn } from "node:timers/promises";
import { BackendError, type KeyChangeEvent, type WatchOptions } from "../kernel/backend.js";
import type { Topic, Topics, Waiter } from "./topics.js";

/** One bounded step of a read: what was found and where the next step starts. */
export interface Page<T> {
  items: T[];
  next: number;
  /** Set when the step hit its bound: there may be more right now. */
  more: boolean;
}

/** A page of a bucket's changes. */
export interface ChangesPage extends Page<KeyChangeEvent> {
  /** The newest rev of a tombstone that was cleaned up, 0 for none. */
  purgedRev: number;
}

/**
 * Reads pages from a position on and then waits for commits: no gap, because the version is taken before the read;
 * no queue, because nothing is read before the consumer asks.
 */
export async function* follow<T, K extends Topic>(
  topics: Topics<K>,
  name: string,
  from: number,
  readPage: (position: number, topic: K) => Page<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, void> {
  const topic = topics.acquire(name);
  const waiter: Waiter = { resume: undefined };
  const stop = (): void => waiter.resume?.();
  signal.addEventListener("abort", stop);
  try {
    let position = from;
    for (;;) {
      if (signal.aborted) return;
      if (topics.failure) throw topics.failure;
      const version = topic.version;
      const page = readPage(position, topic);
      for (const item of page.items) {
        yield item;
        if (signal.aborted) return;
      }
      position = page.next;
      if (page.more) await nextTurn();
      else await topic.changed(version, waiter);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    topic.forget(waiter);
    topics.release(name);
  }
}

/** Follows a bucket's changes; refuses a position that cleaned-up tombstones may have overtaken. */
export function followChanges(
  topics: Topics,
  bucket: string,
  options: WatchOptions,
  readChanges: (afterRev: number) => ChangesPage,
): AsyncGenerator<KeyChangeEvent, void, void> {
  let floor: number | undefined;
  const readPage = (position: number): ChangesPage => {
    const page = readChanges(position);
    // From 0 on nobody knows a key yet, so tombstones that went before the first read are not missed.
    floor ??= options.fromRev === 0 ? page.purgedRev : 0;
    if (page.purgedRev > floor && position < page.purgedRev)
      throw new BackendError(
        "compacted",
        `Changes of "${bucket}" after ${position} are no longer all kept: list again.`,
      );
    return page;
  };
  return follow(topics, bucket, options.fromRev, readPage, options.signal);
}
