import type { PlaneHandlers } from "../../kernel/handlers.js";
import { Admission } from "./admission.js";
import { HostInboxes } from "./host-inboxes.js";
import { InboxView } from "./inbox-view.js";
import { InprocRoutes } from "./inproc-routes.js";
import { Mailboxes } from "./mailboxes.js";
import { peers } from "./peers.js";
import { type CommsPorts, defaultLimits } from "./ports.js";
import { Resolver } from "./resolver.js";
import { send } from "./send.js";
import { stream } from "./stream.js";
import { streamClose } from "./stream_close.js";
import { Streams } from "./streams.js";

export interface CommsPlane {
  readonly handlers: PlaneHandlers<"comms">;
  /** The host's side, for the sessions plane. */
  readonly inboxes: HostInboxes;
  /** For those who look into inboxes without taking. */
  readonly inboxView: InboxView;
  /** Ends the reservation that an interaction still has, at once: nobody will come for its stream. */
  release(interactionId: string): Promise<void>;
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
  const mailboxes = new Mailboxes(ports, limits);
  const admission = new Admission(ports.clock, limits);
  const streams = new Streams();
  const isRead = (sessionId: string): boolean => streams.isRead(sessionId);
  const inproc = new InprocRoutes(directory, isRead);
  const resolver = new Resolver(directory, ports.trusted === undefined ? [inproc] : [ports.trusted, inproc]);
  let repair: Promise<void> = Promise.resolve();
  return {
    inboxes: new HostInboxes(ports, mailboxes),
    inboxView: new InboxView(ports.clock, directory, mailboxes),
    handlers: {
      send: send({ resolver, mailboxes, isRead, admission }),
      peers: peers(resolver),
      stream: stream({ directory, resolver, mailboxes, streams }),
      stream_close: streamClose(streams),
    },
    async release(interactionId) {
      const found = await mailboxes.find(interactionId);
      if (found !== undefined) mailboxes.reservations.release(found.item);
    },
    async start() {
      repair = mailboxes
        .repairAll()
        .catch((err: unknown) => ports.log.error({ err }, "Some logs were not repaired at the start."));
      mailboxes.startSweeps();
    },
    async close() {
      streams.shutDown();
      await mailboxes.stop();
      await repair;
    },
    stats: () => ({ streams: streams.size, reservations: mailboxes.reservations.size }),
  };
}
