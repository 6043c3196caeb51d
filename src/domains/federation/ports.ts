import type { Backend } from "../../kernel/backend.js";
import type { Clock } from "../../kernel/clock.js";
import type { Ids } from "../../kernel/ids.js";
import type { Logger } from "../../kernel/logger.js";
import type { Wire } from "../../kernel/wire.js";

/** What the endpoints plane needs from outside; `daemon.ts` binds it. */
export interface EndpointsPorts {
  backend: Backend;
  clock: Clock;
  ids: Ids;
  log: Logger;
  /** From 0 up to, not including, 1: spreads reconnects. */
  random: () => number;
  /** What this machine is called. */
  hostName: string;
  /** Where this daemon listens. */
  urls: () => readonly string[];
  /** Connects to the link route of a daemon; rejects with `endpoint_unreachable`. */
  dial: (url: string) => Promise<Wire>;
  isFrame: (value: unknown) => boolean;
  isEnvelope: (value: unknown) => boolean;
}
