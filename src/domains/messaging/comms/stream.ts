import type { CommsStreamRequest, StreamScope, StreamSnapshot } from "../../../generated/types.js";
import { mayUse } from "../../../kernel/authorise.js";
import type { CallContext, Principal } from "../../../kernel/context.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { OpenStream, StreamHandler } from "../../../kernel/handlers.js";
import { isStoredAs, samePrincipal } from "../../../kernel/principal.js";
import { type EventRecord, eventOf, isTerminal } from "../events/event-record.js";
import type { InboxItem } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { FoundInteraction, Mailboxes } from "../inbox/mailboxes.js";
import type { SessionDirectory } from "../ports.js";
import { type Resolver, requirePrincipal } from "../routing/resolver.js";
import { interactionSource, type LogSource, sessionSource } from "../streams/log-source.js";
import { LogStream, type StreamEnd } from "../streams/log-stream.js";
import type { ReservationEvent } from "../streams/reservation.js";
import type { HeldStream, Streams } from "../streams/streams.js";

export interface StreamParts {
  directory: SessionDirectory;
  resolver: Resolver;
  mailboxes: Mailboxes;
  streams: Streams;
}

/** Opens a stream; what it refuses, it refuses before the first event. */
export function stream(parts: StreamParts): StreamHandler<"comms.stream"> {
  return async (request, context) => {
    await parts.resolver.actor(context);
    const { scope } = request;
    return scope.kind === "session"
      ? openSession(parts, request, scope, context)
      : openInteraction(parts, request, scope, context);
  };
}

async function openSession(
  { directory, mailboxes, streams }: StreamParts,
  request: CommsStreamRequest,
  scope: Extract<StreamScope, { kind: "session" }>,
  context: CallContext,
): Promise<OpenStream<"comms.stream">> {
  const principal = requirePrincipal(context);
  const session = directory.byId(scope.session_id);
  if (session === undefined) throw new ContractError("session_not_found");
  if (!mayUse(principal, session)) throw new ContractError("permission_denied");
  const mailbox = await mailboxes.get(session.sessionId);
  const { events } = mailbox;
  const after = request.after_sequence ?? events.last;
  checkCursor(after, events.last);
  const old = supersedable(streams, request, principal);
  const streamId = context.ids.uuid();
  const snapshot: StreamSnapshot = {
    state: "open",
    first_sequence: events.last >= events.first ? events.first : 0,
    last_sequence: events.last,
  };
  const leave = mailbox.enter();
  const open = start({
    streams,
    request,
    context,
    streamId,
    source: sessionSource(events, after),
    released() {
      leave();
      return undefined;
    },
  });
  old?.stream.end("superseded");
  return { opened: { stream_id: streamId, scope, snapshot }, events: open };
}

async function openInteraction(
  { mailboxes, streams }: StreamParts,
  request: CommsStreamRequest,
  scope: Extract<StreamScope, { kind: "interaction" }>,
  context: CallContext,
): Promise<OpenStream<"comms.stream">> {
  const principal = requirePrincipal(context);
  const found = await mailboxes.find(scope.interaction_id);
  if (found === undefined) throw new ContractError("interaction_not_found");
  const { item, session } = found;
  if (!isStoredAs(item.sender, principal) && !mayUse(principal, session))
    throw new ContractError("permission_denied");
  return found.mailbox.during(() => openFound(found, mailboxes, streams, request, scope, context));
}

async function openFound(
  found: FoundInteraction,
  mailboxes: Mailboxes,
  streams: Streams,
  request: CommsStreamRequest,
  scope: Extract<StreamScope, { kind: "interaction" }>,
  context: CallContext,
): Promise<OpenStream<"comms.stream">> {
  const { mailbox, item } = found;
  // The first event may still be on its way to the disk: a reader that was quick sees it all the same.
  if (mailbox.events.interaction(item.interactionId).published === 0) await mailbox.events.flushed();
  const first = await firstKept(mailbox, item);
  const cursor = mailbox.events.interaction(item.interactionId);
  // It may come while the log is asked.
  const terminal = (await terminalOf(mailbox, item)) ?? (await terminalOf(mailbox, item));
  const after = request.after_sequence ?? 0;
  checkCursor(after, cursor.published);
  context.signal.throwIfAborted();
  const streamId = context.ids.uuid();
  const old = request.follow ? attach(found, mailboxes, streams, request, streamId, context) : undefined;
  const snapshot: StreamSnapshot = {
    state: item.reservation?.state ?? "none",
    first_sequence: first,
    last_sequence: cursor.published,
    ...(terminal === undefined ? {} : { terminal: eventOf(terminal) }),
  };
  const source = interactionSource(mailbox.events, cursor, item.interactionId, after);
  const leave = mailbox.enter();
  const released = (end: StreamEnd): Promise<void> | undefined => {
    leave();
    if (!request.follow) return undefined;
    return mailboxes.reservations.move(item, eventOfEnd(end, streamId, context.clock.monotonic()))?.stored;
  };
  const open = start({ streams, request, context, streamId, source, released });
  old?.stream.end("superseded");
  return { opened: { stream_id: streamId, scope, snapshot }, events: open };
}

/** Takes the reservation for the stream; returns the stream that gives way. */
function attach(
  { item }: FoundInteraction,
  mailboxes: Mailboxes,
  streams: Streams,
  request: CommsStreamRequest,
  streamId: string,
  context: CallContext,
): HeldStream | undefined {
  const principal = requirePrincipal(context);
  const resumed = supersedable(streams, request, principal)?.streamId;
  const move = mailboxes.reservations.move(item, {
    kind: "attach",
    streamId,
    now: context.clock.monotonic(),
    ...(resumed === undefined ? {} : { resumeOf: resumed }),
  });
  if (move === undefined) throw new ContractError("not_reserved");
  if (move.error !== undefined) throw new ContractError(move.error);
  return move.superseded === undefined ? undefined : streams.get(move.superseded);
}

function eventOfEnd(end: StreamEnd, streamId: string, now: number): ReservationEvent {
  if (end === "terminal") return { kind: "delivered", streamId };
  if (end === "closed") return { kind: "close", streamId };
  return { kind: "drop", streamId, now };
}

function start(options: {
  streams: Streams;
  request: CommsStreamRequest;
  context: CallContext;
  streamId: string;
  source: LogSource;
  released?: (end: StreamEnd) => Promise<void> | undefined;
}): LogStream {
  const { streams, request, context, streamId, source, released } = options;
  const principal = requirePrincipal(context);
  const dropped = (): void => opened.end("dropped");
  const revoked = (): void => opened.end("revoked");
  const opened: LogStream = new LogStream({
    streamId,
    scope: request.scope,
    source,
    follow: request.follow,
    clock: context.clock,
    ids: context.ids,
    released(end) {
      context.signal.removeEventListener("abort", dropped);
      principal.ended.removeEventListener("abort", revoked);
      streams.remove(streamId);
      return released?.(end);
    },
  });
  const { connectionId } = context;
  streams.add({
    streamId,
    connectionId,
    principal,
    scope: request.scope,
    stream: opened,
  });
  context.signal.addEventListener("abort", dropped);
  principal.ended.addEventListener("abort", revoked);
  if (context.signal.aborted) dropped();
  if (principal.ended.aborted) revoked();
  return opened;
}

/** The stream that `resume_of` names, if it is the same principal's on the same scope. */
function supersedable(
  streams: Streams,
  request: CommsStreamRequest,
  principal: Principal,
): HeldStream | undefined {
  const old = request.resume_of === undefined ? undefined : streams.get(request.resume_of);
  if (old === undefined || !samePrincipal(old.principal, principal)) return undefined;
  return JSON.stringify(old.scope) === JSON.stringify(request.scope) ? old : undefined;
}

async function firstKept(mailbox: Mailbox, item: InboxItem): Promise<number> {
  const { events } = mailbox;
  const cursor = events.interaction(item.interactionId);
  if (cursor.published === 0) return 0;
  if (cursor.firstSequence >= events.first) return cursor.firstPublished;
  const { records } = await events.readInteraction(item.interactionId, events.first - 1, 1);
  return records[0]?.interactionSequence ?? 0;
}

/** The event that ended the interaction, while it is kept. */
async function terminalOf(
  { events }: Mailbox,
  { interactionId }: InboxItem,
): Promise<EventRecord | undefined> {
  const { ended, lastSequence } = events.interaction(interactionId);
  if (!ended || lastSequence < events.first) return undefined;
  const [last] = await events.read(lastSequence - 1, 1);
  return last?.interactionId === interactionId && isTerminal(last.kind) ? last : undefined;
}

function checkCursor(after: number, last: number): void {
  if (after <= last) return;
  throw new ContractError("stream_not_found", {
    details: [
      { field: "after_sequence", issue: "out_of_range", expected: `0 to ${last}`, got: String(after) },
    ],
  });
}
