import type { PlaneHandlers } from "../../kernel/handlers.js";
import { Admission } from "./comms/admission.js";
import { peers } from "./comms/peers.js";
import { send } from "./comms/send.js";
import { stream } from "./comms/stream.js";
import { streamClose } from "./comms/stream_close.js";
import { HostInboxes } from "./host/host-inboxes.js";
import { InboxView } from "./host/inbox-view.js";
import { Mailboxes } from "./inbox/mailboxes.js";
import { LinkComms } from "./link/link-comms.js";
import { type CommsPorts, defaultLimits } from "./ports.js";
import { InprocRoutes } from "./routing/inproc-routes.js";
import { Resolver } from "./routing/resolver.js";
import { Streams } from "./streams/streams.js";

export interface CommsPlane {
  readonly handlers: PlaneHandlers<"comms">;
  /** The host's side, for the sessions plane. */
  readonly inboxes: HostInboxes;
  /** For those who look into inboxes without taking. */
  readonly inboxView: InboxView;
  /** Ends the reservation that an interaction still has, at once: nobody will come for its stream. */
  release(interactionId: string): Promise<void>;
  /** Sessions that a paired daemon told of. */
  farSessions(endpointId: string): number;
  /** Reads what is known of other daemons' sessions; before anything else is asked of the plane. */
  load(): Promise<void>;
  /** Resolves at once; what a crash left half-done is repaired in the background. The directory is loaded before. */
  start(): Promise<void>;
  /** Ends all streams and timers; what was accepted is durable already. */
  close(): Promise<void>;
  stats(): { streams: number; reservations: number };
}

/** Sending, streaming and finding peers, over one inbox and one event log for each session. */
export function createCommsPlane(ports: CommsPorts): CommsPlane {
  const { directory } = ports;
  const limits = { ...defaultLimits, ...ports.limits };
  const links = ports.links === undefined ? undefined : new LinkComms(ports, ports.links);
  const mailboxes = new Mailboxes(
    links === undefined ? ports : { ...ports, directory: links.withOutboxes(directory) },
    limits,
    links,
  );
  const admission = new Admission(ports.clock, limits);
  links?.bind(mailboxes, admission);
  const streams = new Streams();
  const isRead = (sessionId: string): boolean => streams.isRead(sessionId);
  const inproc = new InprocRoutes(directory, isRead);
  const trusted = links?.far ?? ports.trusted;
  const resolver = new Resolver(directory, trusted === undefined ? [inproc] : [trusted, inproc]);
  let repair: Promise<void> = Promise.resolve();
  return {
    inboxes: new HostInboxes(ports, mailboxes, (name) => links?.far.outboxOf(name)),
    inboxView: new InboxView(ports.clock, directory, mailboxes),
    handlers: {
      send: send({
        directory,
        resolver,
        mailboxes,
        isRead,
        admission,
        useOutbox: (sessionId) => links?.use(sessionId),
      }),
      peers: peers(resolver, mailboxes),
      stream: stream({ directory, resolver, mailboxes, streams }),
      stream_close: streamClose(streams),
    },
    async release(interactionId) {
      const found = await mailboxes.find(interactionId);
      if (found !== undefined) mailboxes.reservations.release(found.item);
    },
    farSessions: (endpointId) => links?.far.count(endpointId) ?? 0,
    async load() {
      await links?.far.load();
    },
    async start() {
      repair = mailboxes
        .repairAll()
        .then(() => links?.repair())
        .catch((err: unknown) => ports.log.error({ err }, "Some logs were not repaired at the start."));
      mailboxes.startSweeps();
    },
    async close() {
      streams.shutDown();
      links?.stop();
      await mailboxes.stop();
      await repair;
    },
    stats: () => ({ streams: streams.size, reservations: mailboxes.reservations.size }),
  };
}
