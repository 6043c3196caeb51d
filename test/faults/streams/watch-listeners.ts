import { InteractionCursor } from "../../../src/domains/messaging/events/interaction-cursor.js";

/** Counts the listeners in every set that interactions' logs hand out from now on. */
export function watchListeners(): { count(): number; forget(): void } & Disposable {
  const original = Object.getOwnPropertyDescriptor(InteractionCursor.prototype, "listeners")!;
  const seen = new Set<Set<unknown>>();
  Object.defineProperty(InteractionCursor.prototype, "listeners", {
    ...original,
    get(this: InteractionCursor): Set<() => void> {
      const listeners = original.get!.call(this) as Set<() => void>;
      seen.add(listeners);
      return listeners;
    },
  });
  return {
    count() {
      let count = 0;
      for (const listeners of seen)
        if (listeners.size === 0) seen.delete(listeners);
        else count += listeners.size;
      return count;
    },
    /** Their process died. */
    forget: () => seen.clear(),
    [Symbol.dispose]: () => Object.defineProperty(InteractionCursor.prototype, "listeners", original),
  };
}
