import type { StreamClosed, StreamEvents, StreamItem } from "../kernel/handlers.js";

/** Where the events of a stream go. */
export interface Sink {
  /** Asked before each event; a promise means: bring none before it resolves. */
  room(): Promise<unknown> | undefined;
  take(item: StreamItem): void;
  /** There is nothing more for now: what was taken should leave. */
  flush(): void;
}

/** Brings events to the sink at its pace until the stream ends; rejects when the stream or the sink fails. */
export function pump(events: StreamEvents, sink: Sink): Promise<StreamClosed> {
  return new Promise((resolve, reject) => {
    function take(next: IteratorResult<StreamItem, StreamClosed>): boolean {
      if (next.done === true) resolve(next.value);
      else sink.take(next.value);
      return next.done !== true;
    }

    function run(): void {
      try {
        for (;;) {
          const full = sink.room();
          if (full !== undefined) {
            full.then(run, reject);
            return;
          }
          const next = events.poll?.();
          if (next === undefined) break;
          if (!take(next)) return;
        }
        sink.flush();
        if (events.wait !== undefined) events.wait(run);
        else
          events
            .next()
            .then((next) => (take(next) ? run() : undefined))
            .catch(reject);
      } catch (error) {
        reject(error);
      }
    }

    run();
  });
}
