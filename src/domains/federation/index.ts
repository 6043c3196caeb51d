import type { LinkFrame } from "../../generated/types.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { PlaneHandlers } from "../../kernel/handlers.js";
import type { Wire } from "../../kernel/wire.js";
import { EndpointBook } from "./endpoint-book.js";
import { type EnvelopeHead, type OpenedEnvelope, openEnvelope, sealEnvelope } from "./envelope.js";
import { KeyRing } from "./key-ring.js";
import { Links, type LinkWatcher } from "./links.js";
import { list } from "./list.js";
import { pair } from "./pair.js";
import { PairSequences } from "./pair-sequences.js";
import { PairingCodes } from "./pairing-codes.js";
import type { EndpointsPorts } from "./ports.js";
import { remove } from "./remove.js";
import { rotateKeys } from "./rotate_keys.js";

export interface EndpointsPlane {
  readonly handlers: PlaneHandlers<"endpoints">;
  /** For the planes that talk to other daemons. */
  readonly links: EndpointLinks;
  /** Takes a connection that another daemon made. */
  accept(wire: Wire): void;
  /** Begins to dial. */
  start(): void;
  close(): void;
}

/** A paired daemon as other planes see it. */
export interface LinkedEndpoint {
  readonly endpointId: string;
  readonly name: string;
  readonly url: string | undefined;
  /** The link is up. */
  readonly up: boolean;
  /** The contract that it speaks, while the link is up. */
  readonly contract: string | undefined;
}

/** Frames and envelopes to and from paired daemons. */
export interface EndpointLinks {
  /** The one paired first first. */
  all(): LinkedEndpoint[];
  isPaired(endpointId: string): boolean;
  isUp(endpointId: string): boolean;
  /** False without a link, and for what is too large for a frame: then nothing was sent. */
  send(endpointId: string, frame: LinkFrame): boolean;
  /** A signed envelope for the live link; undefined without one. */
  seal(endpointId: string, head: EnvelopeHead, payload: string): string | undefined;
  /** The envelope that the daemon sent; rejects when it is forged, repeated or no envelope. */
  open(endpointId: string, text: string): Promise<OpenedEnvelope>;
  watch(watcher: LinkWatcher): void;
}

/** Pairing with other daemons, their keys, and one link to each. `sessionsOf` counts what a daemon told of. */
export async function createEndpointsPlane(
  ports: EndpointsPorts & { sessionsOf(endpointId: string): number },
): Promise<EndpointsPlane> {
  const keys = await KeyRing.open(ports);
  const book = await EndpointBook.open(ports);
  const codes = new PairingCodes(ports.clock, ports.ids);
  const sequences = new PairSequences(book);
  const links = new Links({ ports, keys, book, codes, lastPairSeq: (id) => sequences.last(id) });
  const parts = { ports, keys, book, codes, links, sessionsOf: ports.sessionsOf };
  return {
    handlers: {
      pair: pair(parts),
      list: list(parts),
      remove: remove(parts),
      rotate_keys: rotateKeys(parts),
    },
    links: {
      all: () =>
        book.all().map(({ endpointId, name, urls }) => ({
          endpointId,
          name,
          url: urls[0],
          up: links.link(endpointId) !== undefined,
          contract: links.link(endpointId)?.hello.contract,
        })),
      isPaired: (endpointId) => book.get(endpointId) !== undefined,
      isUp: (endpointId) => links.link(endpointId) !== undefined,
      send: (endpointId, frame) => links.link(endpointId)?.send(frame) === true,
      seal(endpointId, head, payload) {
        const link = links.link(endpointId);
        return link && sealEnvelope(head, payload, link.nextPairSeq(), link.ownKey);
      },
      async open(endpointId, text) {
        const opened = openEnvelope(text, {
          isEnvelope: ports.isEnvelope,
          keyOf: (keyId) => book.keyOf(endpointId, keyId),
          now: ports.clock.now(),
        });
        if (!(await sequences.take(endpointId, opened.envelope.pair_seq)))
          throw new ContractError("invalid_request", { message: "The envelope was sent before." });
        return opened;
      },
      watch: (watcher) => links.watch(watcher),
    },
    accept: (wire) => links.accept(wire),
    start: () => links.start(),
    close: () => links.stop(),
  };
}
