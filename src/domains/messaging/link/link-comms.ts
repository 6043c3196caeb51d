import type { LinkFrame } from "../../../generated/types.js";
import type { Admission } from "../comms/admission.js";
import type { MailboxLinks } from "../inbox/mailbox.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import type { CommsPorts, DirectorySession, Links, LinkWatcher, SessionDirectory } from "../ports.js";
import { Announcements } from "./announcements.js";
import { Arrivals } from "./arrivals.js";
import { FarSessions } from "./far-sessions.js";
import { Outbox } from "./outbox.js";
import { Reports } from "./reports.js";
import { Results } from "./results.js";

/** Comms with the sessions of other daemons: what goes there, what comes from there, and what comes of either. */
export class LinkComms implements LinkWatcher, MailboxLinks {
  readonly far: FarSessions;
  readonly #ports: CommsPorts;
  readonly #links: Links;
  #parts: { outbox: Outbox; arrivals: Arrivals; reports: Reports; results: Results } | undefined;
  #announcements: Announcements | undefined;

  constructor(ports: CommsPorts, links: Links) {
    this.#ports = ports;
    this.#links = links;
    this.far = new FarSessions(ports, links);
  }

  /** Mailboxes tell this object what happens in them, and it works on them. */
  bind(mailboxes: Mailboxes, admission: Admission): void {
    const { far } = this;
    this.#parts = {
      outbox: new Outbox(this.#ports, this.#links, far, mailboxes),
      arrivals: new Arrivals(this.#ports, this.#links, far, mailboxes, admission),
      reports: new Reports(this.#ports, this.#links, mailboxes),
      results: new Results(this.#ports, this.#links, mailboxes),
    };
    this.#announcements = new Announcements(this.#ports, this.#links);
    this.#links.watch(this);
  }

  /** Ends what a crash left waiting for daemons that are paired no more. */
  async repair(): Promise<void> {
    const unpaired = new Set(this.far.used().map(({ endpointId }) => endpointId));
    for (const endpointId of unpaired)
      if (!this.#links.isPaired(endpointId)) await this.#parts?.outbox.removed(endpointId);
  }

  stop(): void {
    this.#parts?.outbox.stop();
    this.#parts?.reports.stop();
    this.#announcements?.stop();
  }

  /** Makes sure that a far session's outbox is found after a restart; undefined when it is. */
  use(sessionId: string): Promise<void> | undefined {
    const session = this.far.byId(sessionId);
    return session === undefined || session.record.used ? undefined : this.far.use(session);
  }

  queued(sessionId: string): void {
    const session = this.far.byId(sessionId);
    if (session !== undefined) this.#parts?.outbox.pump(session);
  }

  report(...args: Parameters<MailboxLinks["report"]>): void {
    this.#parts?.reports.note(...args);
  }

  isPaired(endpointId: string): boolean {
    return this.#links.isPaired(endpointId);
  }

  up(endpointId: string): void {
    this.far.changed();
    this.#announcements?.up(endpointId);
    this.#parts?.outbox.up(endpointId);
    this.#parts?.reports.up(endpointId);
  }

  down(endpointId: string): void {
    this.far.changed();
    this.#announcements?.down(endpointId);
    this.#parts?.outbox.down(endpointId);
    this.#parts?.reports.down(endpointId);
  }

  removed(endpointId: string): void {
    this.far.changed();
    this.#parts?.reports.removed(endpointId);
    this.#parts?.outbox
      .removed(endpointId)
      .catch((err: unknown) =>
        this.#ports.log.warn({ err, endpoint_id: endpointId }, "What waited for a daemon was not ended."),
      );
  }

  received(endpointId: string, frame: LinkFrame): void {
    const parts = this.#parts!;
    switch (frame.kind) {
      case "directory":
        void this.far.tell(endpointId, frame);
        return;
      case "envelope":
        void parts.arrivals.envelope(endpointId, frame.envelope);
        return;
      case "ack":
        void parts.outbox.acknowledged(endpointId, frame);
        return;
      case "result":
        parts.results.result(endpointId, frame);
        return;
      case "result_ack":
        parts.reports.acknowledged(endpointId, frame.result_id);
    }
  }

  /** The directory with the sessions that own outboxes, for those who look after logs. */
  withOutboxes(directory: SessionDirectory): SessionDirectory {
    const { far } = this;
    return {
      get generation() {
        return directory.generation;
      },
      byName: (name) => directory.byName(name),
      byId: (sessionId) => directory.byId(sessionId) ?? far.byId(sessionId),
      byIdSuffix: (suffix) => joined(directory.byIdSuffix(suffix), far.byIdSuffix(suffix)),
      all: () => joined(directory.all(), far.used()),
      closed: () => directory.closed(),
      onChange: (listener) => directory.onChange(listener),
      ensure: (name, principal) => directory.ensure(name, principal),
    };
  }
}

function joined(
  own: readonly DirectorySession[],
  far: readonly DirectorySession[],
): readonly DirectorySession[] {
  return far.length === 0 ? own : [...own, ...far];
}
