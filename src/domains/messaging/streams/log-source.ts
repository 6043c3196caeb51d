import type { EventLog } from "../events/event-log.js";
import type { EventRecord } from "../events/event-record.js";
import type { InteractionCursor } from "../events/interaction-cursor.js";

const batchEvents = 256;

/** What a reader gets next: events with their positions in its scope, and the gap before them when there is one. */
export interface SourceBatch {
  records: readonly EventRecord[];
  /** Positions that are gone. */
  truncated?: { from: number; to: number };
}

/** One reader's way through a log, at its own pace. */
export interface LogSource {
  next(): SourceBatch | Promise<SourceBatch>;
  /** There is nothing more to read now. */
  atEnd(): boolean;
  /** There never will be, for who is at the end. */
  isOver(): boolean;
  sequenceOf(record: EventRecord): number;
  readonly listeners: Set<() => void>;
}

/** A whole session's log from a position on. */
export function sessionSource(log: EventLog, after: number): LogSource {
  let position = after;
  const take = (records: readonly EventRecord[]): SourceBatch => {
    const first = records[0]?.sequence ?? Math.max(position + 1, Math.min(log.first, log.last + 1));
    const batch =
      first > position + 1 ? { records, truncated: { from: position + 1, to: first - 1 } } : { records };
    position = records.at(-1)?.sequence ?? first - 1;
    return batch;
  };
  return {
    next() {
      const found = log.read(position, batchEvents);
      return found instanceof Promise ? found.then(take) : take(found);
    },
    atEnd: () => position >= log.last,
    isOver: () => false,
    sequenceOf: ({ sequence }) => sequence,
    listeners: log.listeners,
  };
}

/** One interaction's log from a position on. */
export function interactionSource(
  log: EventLog,
  cursor: InteractionCursor,
  interactionId: string,
  after: number,
): LogSource {
  let position = after;
  let looked: number | undefined;
  const take = ({ records, next }: { records: EventRecord[]; next: number }): SourceBatch => {
    looked = next;
    const fresh = records.filter(({ interactionSequence }) => interactionSequence > position);
    // Looked at everything and found nothing: what is missing is gone.
    const gone = fresh.length === 0 && next >= cursor.lastSequence;
    const first = fresh[0]?.interactionSequence ?? (gone ? cursor.published : position) + 1;
    const batch =
      first > position + 1
        ? { records: fresh, truncated: { from: position + 1, to: first - 1 } }
        : { records: fresh };
    position = fresh.at(-1)?.interactionSequence ?? first - 1;
    return batch;
  };
  return {
    next() {
      if (position >= cursor.published) return { records: [] };
      looked ??= Math.max(cursor.firstSequence, log.first) - 1;
      const found = log.readInteraction(interactionId, looked, batchEvents);
      return found instanceof Promise ? found.then(take) : take(found);
    },
    atEnd: () => position >= cursor.published,
    isOver: () => cursor.ended,
    sequenceOf: ({ interactionSequence }) => interactionSequence,
    listeners: cursor.listeners,
  };
}
