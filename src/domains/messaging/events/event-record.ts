import type { AgentEvent } from "../../../generated/types.js";
import { BackendError, type LogEntry } from "../../../kernel/backend.js";

/** One event of a session's log, with its JSON ready to be sent to any number of readers. */
export interface EventRecord {
  /** Position in the session's log. */
  readonly sequence: number;
  readonly interactionId: string;
  /** Position in the interaction's log. */
  readonly interactionSequence: number;
  readonly eventId: string;
  readonly kind: AgentEvent["kind"];
  /** From `,"event_id"` to the closing brace of the stream event's JSON. */
  readonly tail: string;
  /** Whether the tail has one byte for each character; undefined until a reader asked. */
  ascii: boolean | undefined;
}

/** Asked once for all readers: it costs each of them a copy. */
export function isAscii(record: EventRecord): boolean {
  record.ascii ??= Buffer.byteLength(record.tail) === record.tail.length;
  return record.ascii;
}

/** What a stream event says after its sequence. */
export function encodeTail(eventId: string, at: string, interactionId: string, event: AgentEvent): string {
  return `,"event_id":"${eventId}","at":"${at}","interaction_id":"${interactionId}","event":${JSON.stringify(event)}}`;
}

/** The stored form: positions and kind first, so that reading needs no JSON parser. */
export function encodeRecord(record: EventRecord): string {
  return `{"sequence":${record.sequence},"interaction_sequence":${record.interactionSequence},"kind":"${record.kind}"${record.tail}`;
}

const head = /^\{"sequence":(\d{1,16}),"interaction_sequence":(\d{1,16}),"kind":"([a-z_]+)"/;

export function decodeRecord(entry: LogEntry): EventRecord {
  const match = head.exec(entry.body);
  if (match === null || Number(match[1]) !== entry.seq)
    throw new BackendError("corrupt", `the event at position ${entry.seq} is not as it was written`);
  return {
    sequence: entry.seq,
    interactionId: entry.subject,
    interactionSequence: Number(match[2]),
    eventId: entry.id,
    kind: match[3] as AgentEvent["kind"],
    tail: entry.body.slice(match[0].length),
    ascii: undefined,
  };
}

/** The event itself, parsed again. */
export function eventOf(record: EventRecord): AgentEvent {
  return (JSON.parse(`{${record.tail.slice(1)}`) as { event: AgentEvent }).event;
}

/** Where the time begins in a tail, behind the event's id. */
const timeAt = ',"event_id":"'.length + '","at":"'.length;

/** When it was written, wall milliseconds. */
export function timeOf({ eventId, tail }: EventRecord): number {
  const start = timeAt + eventId.length;
  return Date.parse(tail.slice(start, tail.indexOf('"', start)));
}

export function isTerminal(kind: AgentEvent["kind"]): boolean {
  return kind === "interaction_complete" || kind === "interaction_failed";
}

/** It tells that the host made the command its own; a reason's own quotes are escaped. */
export function isIngested({ kind, tail }: EventRecord): boolean {
  return kind === "delivery_updated" && tail.includes('"state":"ingested"');
}
