import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type RawRouteId, rawRoutes, type UpgradeRouteId } from "../generated/raw.js";
import type { Transport } from "./authentication.js";
import type { Principal } from "./context.js";

/** What a byte route knows: Host, Origin, credentials and scope of its declaration are already checked. */
export interface RawCall {
  readonly requestId: string;
  readonly transport: Transport;
  readonly principal: Principal | null;
  /** Path without the query. */
  readonly path: string;
  /**
   * Reads the whole body; rejects with `unsupported_media_type` unless the route declares its type, and with
   * `payload_too_large` above `maxBytes` (default: the limit that the route declares).
   */
  readBody(maxBytes?: number): Promise<Buffer>;
}

/** Serves a byte route. It writes the response itself; a rejection before the headers becomes a typed error. */
export type RawHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  call: RawCall,
) => Promise<void> | void;

/** Takes over the connection of an upgrade request; it refuses on the socket itself. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What serves one byte route: a route that declares an upgrade has both handlers. */
export type Route<Id extends RawRouteId = RawRouteId> = Id extends UpgradeRouteId
  ? { readonly serve: RawHandler; readonly upgrade: UpgradeHandler }
  : { readonly serve: RawHandler; readonly upgrade?: never };

/** The byte routes of a plane: each declared id has its handler, and no other id has one. */
export type Routes<Plane extends string> = {
  readonly [Id in Extract<RawRouteId, `${Plane}.${string}`>]: Route<Id>;
};

/** The byte routes of every plane; where only some are served, the others do not exist. */
export type RouteTable = { readonly [Id in RawRouteId]?: Route<Id> };

/** The upgrade handlers of a table by path. */
export function upgradesOf(table: RouteTable): Readonly<Record<string, UpgradeHandler>> {
  return Object.fromEntries(
    rawRoutes.flatMap(({ id, path }) => {
      const take = table[id]?.upgrade;
      return take === undefined ? [] : [[path, take]];
    }),
  );
}
